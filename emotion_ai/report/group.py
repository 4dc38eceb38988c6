"""A session's summary as one HTML file: no scripts, nothing to load, nothing about one person."""

import html

from emotion_ai.figures.base import css_fill
from emotion_ai.figures.streamgraph import clock, streamgraph
from emotion_ai.labels import looks
from emotion_ai.reading.group import Summary

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td{padding:.2rem .6rem .2rem 0}
.bar{height:.8rem;border-radius:3px}td.wide{width:60%}small{opacity:.75}
"""
_NOTICE = (
    "An expression is not a feeling: a model named what faces looked like, and it is often wrong. "
    "Only shares of the whole group were kept; no picture, no face and no name. The EU prohibits "
    "inferring the emotions of people in education and at work, medical and safety reasons aside "
    "(Regulation (EU) 2024/1689, Art. 5(1)(f))."
)


def group_report(summary: Summary, title: str = "Group session") -> str:
    """Timeline, markers and totals of a session as a self-contained page."""
    title = html.escape(title)
    fills = looks(summary.labels)
    if summary.totals:
        rows = "".join(
            f'<tr><td>{html.escape(name)}</td><td class="wide"><div class="bar" '
            f'style="width:{100 * share:.1f}%;background:{css_fill(fills[name])}"></div></td>'
            f"<td>{100 * share:.0f} %</td></tr>"
            for name, share in summary.totals.items()
        )
        totals = f"<table>{rows}</table>"
    else:
        totals = f"<p>No second had {summary.fewest} faces or more, so nothing was counted.</p>"
    markers = "".join(
        f"<tr><td>{number}</td><td>{clock(marker.time_s)}</td>"
        f'<td class="wide">{html.escape(marker.text)}</td></tr>'
        for number, marker in enumerate(summary.markers, 1)
    )
    graph = streamgraph(summary.shares, summary.labels, summary.markers)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>{clock(summary.duration_s)} (minutes:seconds), {summary.faces_mean:.1f} faces on "
        f"average; seconds with fewer than {summary.fewest} faces are left out.</p>"
        f"<h2>Share of each expression</h2>{graph}"
        f"<h2>Markers</h2>{f'<table>{markers}</table>' if markers else '<p>None were set.</p>'}"
        f"<h2>Totals</h2>{totals}<p><small>{_NOTICE}</small></p></body></html>"
    )
