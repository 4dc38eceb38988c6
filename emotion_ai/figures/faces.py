"""Figures that hold pictures of faces: grids to click on, points on a mean face, heat maps."""

import base64

import cv2
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from emotion_ai.evaluation.keypoint_errors import cumulative_errors
from emotion_ai.figures.base import (
    FIRST,
    QUIET,
    SECOND,
    Plot,
    as_text,
    axes,
    base_figure,
    legend_above,
)
from emotion_ai.labels import KEYPOINT_SIDES, SIDE_COLOURS
from emotion_ai.media.images import encode_png


def picture_url(image: np.ndarray) -> str:
    """A uint8 (H, W) grey or (H, W, 3) BGR picture as a data URL."""
    return "data:image/png;base64," + base64.b64encode(encode_png(image)).decode()


def _background(figure: go.Figure, image: np.ndarray) -> go.Figure:
    """The picture under the traces; one unit is one pixel, pixel centres are integers."""
    height, width = image.shape[:2]
    figure.add_layout_image(
        source=picture_url(image), xref="x", yref="y", x=-0.5, y=-0.5, sizex=width, sizey=height,
        sizing="stretch", layer="below",
    )  # fmt: skip
    figure.update_xaxes(range=(-0.5, width - 0.5), visible=False, constrain="domain")
    figure.update_yaxes(range=(height - 0.5, -0.5), visible=False, scaleanchor="x",
                        constrain="domain")  # fmt: skip
    return figure


def point_error_plot(table: pd.DataFrame, mean_face: np.ndarray) -> Plot:
    """``keypoint_errors.point_table`` on the mean face, uint8 (S, S): a ring as wide as the mean
    error is, and a line to where predictions lie on average, five times as long."""
    angle = np.linspace(0, 2 * np.pi, 40)
    enlarged = cv2.resize(mean_face, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    traces = []
    for i, row in table.dropna().iterrows():
        colour = SIDE_COLOURS[KEYPOINT_SIDES[i]]
        traces.append(
            go.Scatter(
                x=row.x_px + row.mean_distance_px * np.cos(angle),
                y=row.y_px + row.mean_distance_px * np.sin(angle),
                mode="lines", line={"color": colour, "width": 2}, hoverinfo="skip",
            )
        )  # fmt: skip
        traces.append(
            go.Scatter(
                x=[row.x_px, row.x_px + 5 * row.bias_x_px],
                y=[row.y_px, row.y_px + 5 * row.bias_y_px],
                mode="lines", line={"color": SECOND, "width": 2}, hoverinfo="skip",
            )
        )  # fmt: skip
        traces.append(
            go.Scatter(
                x=[row.x_px], y=[row.y_px], mode="markers",
                marker={"color": colour, "size": 9, "line": {"color": "#000", "width": 1}},
                hovertemplate=f"{row.point}: RMSE {row.rmse_px:.2f} px, mean distance "
                f"{row.mean_distance_px:.2f} px<extra></extra>",
            )
        )  # fmt: skip
    figure = base_figure(*traces, height_px=460)
    size = len(mean_face)
    _background(figure, enlarged)
    figure.layout.images[0].update(sizex=size, sizey=size)
    figure.update_xaxes(range=(-0.5, size - 0.5))
    figure.update_yaxes(range=(size - 0.5, -0.5))
    return Plot(figure, table, "point_errors", "Mean error of each point on the mean face")


def cumulative_plot(errors: dict[str, np.ndarray]) -> Plot:
    """Share of faces at or below each error (NME); model name → the errors of its faces."""
    limits = np.linspace(0, max(0.1, *(np.nanquantile(e, 0.98) for e in errors.values())), 121)
    looks = ((FIRST, "solid"), (SECOND, "dash"))
    curves = {name: cumulative_errors(values, limits) for name, values in errors.items()}
    traces = [
        go.Scatter(
            x=limits, y=shares, mode="lines", name=as_text(name),
            line={"width": 3, "dash": dash, "color": colour},
            hovertemplate="%{y:.1%} of the faces are within %{x:.1%}<extra></extra>",
        )
        for (name, shares), (colour, dash) in zip(curves.items(), looks, strict=False)
    ]  # fmt: skip
    figure = base_figure(*traces, height_px=380)
    if len(curves) > 1:
        legend_above(figure)
    figure.add_vline(0.05, line={"color": QUIET, "dash": "dot"})
    axes(figure, "mean error of a face, in eye distances (NME)", "share of the faces",
         y_range=(0, 1.02), x_format=".0%", y_format=".0%")  # fmt: skip
    data = pd.concat(
        pd.DataFrame({"model": name, "nme": limits, "share": shares})
        for name, shares in curves.items()
    )
    return Plot(figure, data, "cumulative_error", "Share of faces within each error")


def side_plot(table: pd.DataFrame) -> Plot:
    """``keypoint_errors.side_table``: the subject's left beside the right, for each pair."""
    traces = [
        go.Bar(
            x=table[column], y=table["pair"], name=f"subject's {side}", orientation="h",
            marker={"color": SIDE_COLOURS[side], "pattern_shape": pattern,
                    "line": {"color": QUIET, "width": 1}},
            hovertemplate=f"{side} %{{y}}: %{{x:.2f}} px<extra></extra>",
        )
        for side, column, pattern in (("left", "left_px", ""), ("right", "right_px", "/"))
    ]  # fmt: skip
    figure = legend_above(base_figure(*traces, height_px=340, barmode="group"))
    axes(figure, "mean distance, pixels", "")
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ")
    return Plot(figure, table, "left_right", "Mean error of left and right points")


def overlay(face: np.ndarray, heat: np.ndarray, side_px: int = 320) -> np.ndarray:
    """``heat`` (S, S) over ``face`` uint8 (S, S), as a uint8 BGR picture.

    Red speaks for the answer, blue against it; the face stays where nothing changes.
    """
    size = (side_px, side_px)
    grey = cv2.resize(face, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    strength = cv2.resize(heat / max(float(np.abs(heat).max()), 1e-9), size)
    colour = np.where(strength[..., None] > 0, (30, 60, 235), (235, 120, 30))
    mix = 0.75 * np.abs(strength)[..., None] ** 0.8
    return np.clip(grey[..., None] * (1 - mix) + colour * mix, 0, 255).astype(np.uint8)


def joined_points(
    face: np.ndarray, truth_px: np.ndarray, predicted_px: np.ndarray, side_px: int = 240
) -> np.ndarray:
    """``face`` uint8 (S, S) enlarged, each labelled point (15, 2) joined to its prediction: white
    squares are the truth, coloured dots the prediction. uint8 BGR."""
    scale = side_px / len(face)
    picture = cv2.cvtColor(
        cv2.resize(face, (side_px, side_px), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR
    )
    for true, said in zip(truth_px, predicted_px, strict=True):
        if np.isnan(true).any():
            continue
        a, b = ((point + 0.5) * scale - 0.5 for point in (true, said))
        ends = [tuple(round(value) for value in end) for end in (a, b)]
        cv2.line(picture, *ends, (0, 94, 213), 2, cv2.LINE_AA)
        cv2.circle(picture, ends[1], 4, (0, 0, 0), -1, cv2.LINE_AA)
        cv2.circle(picture, ends[1], 3, (0, 94, 213), -1, cv2.LINE_AA)
        corner, other = ((ends[0][0] + d, ends[0][1] + d) for d in (-3, 3))
        cv2.rectangle(picture, corner, other, (0, 0, 0), -1)
        cv2.rectangle(picture, (corner[0] + 1, corner[1] + 1), (other[0] - 1, other[1] - 1),
                      (255, 255, 255), -1)  # fmt: skip
    return picture
