"""How many of what, how bright, and what the average face of each expression looks like."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.datasets import describe
from emotion_ai.datasets.store import SPLITS
from emotion_ai.faces.montage import Layout, encode_webp, montage
from emotion_ai.figures.balance import PATTERNS, balance_plot
from emotion_ai.figures.base import ACCENT, Plot, axes, base_figure, legend_above
from emotion_ai.labels import colours
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.datasets.view import View


def balance_tab(view: View) -> None:
    if "expression" in view.table:
        table = describe.balance(view.table, view.dataset.labels)
        for split in table["split"].unique():
            words = describe.imbalance_in_words(table[table["split"] == split])
            st.markdown(f"**{split}** · {words}")
        show_plot(balance_plot(table, view.dataset.labels.expressions, "split"))
        st.markdown("**The average face of each expression**")
        _mean_faces(view)
        with st.expander("Counts and shares"):
            wide = table.pivot(index="expression", columns="split", values=["faces", "share"])
            wide = wide.reindex([n for n in view.dataset.labels.expressions if n in wide.index])
            wide.columns = [f"{split}: {what}" for what, split in wide.columns]
            shares = {name: st.column_config.NumberColumn(format="percent") for name in wide
                      if name.endswith("share")}  # fmt: skip
            st.dataframe(wide, column_config=shares)
    else:
        show_plot(_completeness_plot(view.table))
        st.markdown("**The average face**")
        st.image(mean_picture(view.dataset.digest, (), view), width=220, alt="The mean face")
    st.markdown("**Light**")
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        show_plot(_light_plot(view.table))
    with right:
        st.caption(
            "Grey values from 0 (black) to 255 (white). Contrast is how far the pixels of one "
            f"image spread; below {describe.BLANK_BELOW:g} an image shows nothing: it is blank."
        )
        light = describe.pixel_table(view.table[["brightness", "contrast"]], view.table)
        st.dataframe(light.round(1))


def _completeness_plot(table: pd.DataFrame) -> Plot:
    kinds = pd.cut(table["missing"], [-1, 0, 14, 15], labels=["all 15", "some", "none"])
    counts = pd.crosstab(table["split"], kinds).stack().rename("faces").reset_index()
    counts.columns = ["split", "points", "faces"]
    traces = [
        go.Bar(
            x=counts.loc[counts["split"] == split, "points"],
            y=counts.loc[counts["split"] == split, "faces"],
            name=split, text=counts.loc[counts["split"] == split, "faces"],
            texttemplate="%{text:,}", textposition="outside", cliponaxis=False,
            marker={"color": ACCENT, "pattern": {"shape": PATTERNS.get(split, "x")},
                    "line": {"color": "rgba(128,128,140,0.6)", "width": 1}},
            hovertemplate=f"{split}, %{{x}}: %{{y:,}} faces<extra></extra>",
        )
        for split in SPLITS
        if split in set(counts["split"])
    ]  # fmt: skip
    figure = legend_above(base_figure(*traces, height_px=320, barmode="group", bargap=0.3))
    axes(figure, "labelled points", "faces", y_range=(0, 1.15 * counts["faces"].max()))
    figure.update_xaxes(showgrid=False)
    return Plot(figure, counts, "completeness", "Faces by how many points are labelled")


def _light_plot(table: pd.DataFrame) -> Plot:
    edges = np.arange(0, 261, 5)
    data = pd.DataFrame({"grey_value": edges[:-1] + 2.5})
    traces = []
    for column, dash in (("brightness", "solid"), ("contrast", "dot")):
        data[column] = np.histogram(table[column], edges)[0] / len(table)
        traces.append(
            go.Scatter(
                x=data["grey_value"], y=data[column], name=column, mode="lines",
                line={"color": ACCENT, "width": 2.5, "dash": dash, "shape": "spline"},
                hovertemplate=f"{column} about %{{x:.0f}}: %{{y:.1%}} of the images<extra></extra>",
            )
        )  # fmt: skip
    figure = legend_above(base_figure(*traces, height_px=280))
    axes(figure, "grey value", "share of the images", y_format=".0%")
    return Plot(figure, data, "light", "How bright and how contrasty the images are")


def _mean_faces(view: View) -> None:
    present = set(view.table["expression"].dropna())
    names = tuple(name for name in view.dataset.labels.expressions if name in present)
    alt = "Average face of " + ", ".join(names)
    tones = colours(view.dataset.labels.expressions)
    looks = tuple((name, tones[name]) for name in names)
    st.image(mean_picture(view.dataset.digest, looks, view), alt=alt)


@st.cache_data(show_spinner="Averaging …", max_entries=8)
def mean_picture(digest: str, looks: tuple[tuple[str, str], ...], _view: View) -> bytes:
    """WebP of the mean face of each class side by side, with its name in its colour as ``looks``
    gives both; without any, of the mean of all faces."""
    images = _view.dataset.images
    if not looks:
        means = np.rint(describe.mean_face(images, np.arange(len(images)))).astype(np.uint8)[None]
        return encode_webp(montage(means, Layout(1, 1, 220)))
    names, plates = zip(*looks, strict=True)
    means = describe.mean_faces(images, _view.table["expression"].to_numpy(), list(names))
    layout = Layout(len(names), min(len(names), 10), 140, 24)
    return encode_webp(montage(means, layout, captions=names, colours=plates))
