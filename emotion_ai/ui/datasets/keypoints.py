"""Where the fifteen points lie, how far they range, and which are missing."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.datasets import describe
from emotion_ai.figures.base import ACCENT, Plot, axes, base_figure
from emotion_ai.figures.faces import picture_url
from emotion_ai.labels import KEYPOINT_NAMES, KEYPOINT_SIDES, SIDE_COLOURS
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.datasets.view import View

_ALL = "all points"


def keypoints_tab(view: View) -> None:
    names = [name.replace("_", " ") for name in KEYPOINT_NAMES]
    left, right = st.columns([2, 3], gap="large")
    with left:
        point = st.selectbox("Density of", [_ALL, *names], key="point", bind="query-params")
        chosen = range(len(names)) if point == _ALL else [names.index(point)]
        st.image(
            _density_picture(view.dataset.digest, tuple(chosen), view),
            width="stretch",
            alt=f"Where {point} lie over the average face",
        )
        st.caption(
            "Over the average face: :yellow[■] the subject's left, :blue[■] the right, "
            "□ the middle. The brighter, the more faces have the point there."
        )
    with right:
        missing = describe.missing_by_point(view.dataset.keypoints_px)
        if missing["missing"].any():
            show_plot(_missing_plot(missing))
        else:
            st.success("No point is missing in any face.", icon=":material/check:")
        st.markdown("**Ranges of the 30 coordinates, in pixels of the crop**")
        table = describe.coordinate_table(view.dataset.samples)
        st.dataframe(table.round(1), hide_index=True, height=420)
        st.download_button(
            "Table (CSV)", table.to_csv(index=False), "coordinates.csv", "text/csv",
            icon=":material/download:", type="tertiary", on_click="ignore",
        )  # fmt: skip


def _missing_plot(missing) -> Plot:
    shown = missing.iloc[::-1]
    bars = go.Bar(
        x=shown["share"], y=shown["point"].str.replace("_", " "), orientation="h",
        marker_color=ACCENT, text=[f"{n:,}" for n in shown["missing"]], textposition="outside",
        cliponaxis=False, hovertemplate="%{y}: %{text} faces, %{x:.1%}<extra></extra>",
    )  # fmt: skip
    figure = axes(base_figure(bars, height_px=380, bargap=0.25), "share of faces without it", "",
                  x_format=".0%", x_range=(0, 1.15 * missing["share"].max()))  # fmt: skip
    figure.update_yaxes(showgrid=False)
    return Plot(figure, missing, "missing_points", "How often each point is missing")


@st.cache_data(show_spinner="Counting …", max_entries=32)
def _density_picture(digest: str, points: tuple[int, ...], _view: View) -> str:
    """The mean face with the density of ``points`` glowing over it, as a data URL."""
    dataset = _view.dataset
    size = dataset.images.shape[1]
    face = describe.mean_face(dataset.images, np.arange(len(dataset)))
    density = describe.keypoint_density(dataset.keypoints_px, size)
    picture = np.repeat(face[..., None] * 0.55, 3, axis=2)
    for i in points:
        colour = np.array([int(SIDE_COLOURS[KEYPOINT_SIDES[i]][k : k + 2], 16) for k in (5, 3, 1)])
        strength = (density[i] / max(density[i].max(), 1e-9)) ** 0.6
        picture = picture * (1 - strength[..., None]) + colour * strength[..., None]
    enlarged = np.kron(np.rint(picture).astype(np.uint8), np.ones((5, 5, 1), np.uint8))
    return picture_url(enlarged)
