"""Shares over time as a picture: HTML without scripts, for pages and for reports.

Bands in the colours of the expressions, each with its name and figure in the legend, so that no
colour stands alone. Text takes the colour of what surrounds it, light or dark.
"""

import base64
import html

import numpy as np
import pandas as pd

from emotion_ai.figures.base import css_fill, hatch_lines
from emotion_ai.labels import Look, looks
from emotion_ai.reading.group import BIN_S, Marker

#: Narrower bands carry no name; the legend has it.
_NAMED_FROM = 0.12


def streamgraph(
    shares: pd.DataFrame,
    labels: tuple[str, ...],
    markers: tuple[Marker, ...] = (),
    span_s: float | None = None,
    height_px: int = 220,
) -> str:
    """HTML of ``GroupTimeline.shares``: stacked bands, markers, an axis and the legend.

    ``span_s``: the picture ends at the newest second and is this long; None shows everything.
    """
    times = shares["time_s"].to_numpy(float)
    end_s = times[-1] + BIN_S if len(times) else (span_s or 60.0)
    start_s = end_s - span_s if span_s else 0.0
    values = shares[list(labels)].to_numpy(float)
    bands = "".join(
        _band(number, looks(labels)[name], path)
        for number, (name, path) in enumerate(
            zip(labels, _paths(times, values, start_s, end_s), strict=True)
        )
    )
    # As an image: pages take HTML only.
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 100" width="1000" height="100" '
        f'preserveAspectRatio="none">{bands}</svg>'
    )
    url = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    lines = ""
    # A sliver of a band has no room for its name.
    names = _names(values, labels) if end_s - start_s < 6 * len(values) * BIN_S else ""
    for number, marker in enumerate(markers, 1):
        x = 100 * (marker.time_s - start_s) / (end_s - start_s)
        if 0 <= x <= 100:
            text = html.escape(marker.text, quote=True)
            side = "right:2px" if x > 80 else "left:2px"
            lines += (
                f'<div style="position:absolute;left:{x:.2f}%;top:0;bottom:0;border-left:2px dashed'
                f' currentColor" title="{text}"><span style="position:absolute;top:-1.4em;'
                f"{side};font-size:.75rem;white-space:nowrap;max-width:12em;overflow:hidden;"
                f'text-overflow:ellipsis">{number} {text}</span></div>'
            )
    said = (
        "; ".join(f"{html.escape(n)} {v:.0%}" for n, v in _newest(values, labels).items())
        or "no data yet"
    )
    return (
        f'<div class="ea-stream" style="margin-top:{1.4 if lines else 0}em">'
        f'<div role="img" aria-label="Share of each expression over time: {said}" '
        f'style="position:relative;height:{height_px}px;background:rgba(128,128,128,.12);'
        'border-radius:8px">'
        f'<img src="{url}" alt="" style="display:block;width:100%;height:100%;border-radius:8px">'
        f"{names}{lines}</div>"
        f"{_axis(start_s, end_s, span_s)}{_legend(values, labels)}</div>"
    )


def _paths(times, values, start_s: float, end_s: float) -> list[str]:
    """For each column of ``values`` the outline of its band: 0 to 1000 across, 0 to 100 down."""
    parts: list[list[str]] = [[] for _ in range(values.shape[1])]
    known = np.isfinite(values).all(axis=1) if len(values) else np.zeros(0, bool)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(int), [0]))))
    for first, after in edges.reshape(-1, 2):
        run = values[first:after]
        middle = times[first:after] + BIN_S / 2
        seconds = np.concatenate(([middle[0] - BIN_S / 2], middle, [middle[-1] + BIN_S / 2]))
        x = np.clip(1000 * (seconds - start_s) / (end_s - start_s), 0, 1000)
        run = np.vstack((run[:1], run, run[-1:]))
        tops = 100 * (1 - np.cumsum(run, axis=1))
        floor = np.full(len(x), 100.0)
        for i in range(values.shape[1]):
            if run[:, i].max() > 0:
                there = [f"{a:.1f} {b:.2f}" for a, b in zip(x, tops[:, i], strict=True)]
                back = [f"{a:.1f} {b:.2f}" for a, b in zip(x[::-1], floor[::-1], strict=True)]
                parts[i].append("M" + "L".join(there + back) + "Z")
            floor = tops[:, i]
    return ["".join(part) for part in parts]


def _band(number: int, look: Look, path: str) -> str:
    """A band in its colour and, where colours are shared, under its pattern."""
    band = f'<path d="{path}" fill="{look.colour}"/>'
    if path and look.pattern:
        turn, gap = hatch_lines(look)
        band += (
            f'<pattern id="p{number}" width="{gap}" height="{gap}" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate({turn})"><path d="M0 0H{gap}" stroke="#000" '
            f'stroke-opacity=".6" stroke-width="1.5"/></pattern>'
            f'<path d="{path}" fill="url(#p{number})"/>'
        )
    return band


def _newest(values, labels) -> dict[str, float]:
    """The last second that counted."""
    known = np.flatnonzero(np.isfinite(values).all(axis=1)) if len(values) else []
    if not len(known):
        return {}
    return dict(zip(labels, values[known[-1]].tolist(), strict=True))


def _names(values, labels) -> str:
    """The name inside each band that is wide enough, at the right edge."""
    out, below = "", 0.0
    for name, share in (_newest(values, labels) if _ends_known(values) else {}).items():
        if share >= _NAMED_FROM:
            middle = 100 * (1 - below - share / 2)
            ink = "#FFF" if name in ("sad", "angry") else "#000"
            out += (
                f'<span style="position:absolute;right:8px;top:{middle:.1f}%;color:{ink};'
                f'transform:translateY(-50%);font-size:.8rem;line-height:1">{html.escape(name)}</span>'
            )
        below += share
    return out


def _ends_known(values) -> bool:
    return bool(len(values)) and bool(np.isfinite(values[-1]).all())


def _axis(start_s: float, end_s: float, span_s: float | None) -> str:
    if span_s:
        left, right = f"{span_s:.0f} s ago", "now"
    else:
        left, right = clock(start_s), clock(end_s)
    return (
        '<div style="display:flex;justify-content:space-between;font-size:.75rem;opacity:.75;'
        f'padding:2px 0 6px"><span>{left}</span><span>{right}</span></div>'
    )


def _legend(values, labels) -> str:
    newest = _newest(values, labels)
    items = "".join(
        '<span style="display:inline-flex;align-items:center;gap:.35em;white-space:nowrap"><i '
        f'style="width:.8em;height:.8em;border-radius:2px;background:{css_fill(looks(labels)[name])}">'
        f"</i>{html.escape(name)}"
        f"{f' {newest[name]:.0%}'.replace('%', ' %') if newest else ''}</span>"
        for name in labels
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:.2em 1em;font-size:.82rem">{items}</div>'


def clock(time_s: float) -> str:
    """``"1:05"`` for 65 seconds."""
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
