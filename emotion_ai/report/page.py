"""The report as one page of HTML. Everything that comes from outside is escaped."""

import json
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

import pandas as pd
from plotly.offline import get_plotlyjs

from emotion_ai.evaluation.assessment import Assessment, ExpressionAssessment, left_out_text
from emotion_ai.evaluation.caveats import other_truth
from emotion_ai.evaluation.scores import Figure, figures
from emotion_ai.figures.base import Plot
from emotion_ai.report import expression, keypoints
from emotion_ai.report.parts import Section

_STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#20232e;background:#fcfcfe;max-width:1000px;
 margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.9rem;margin-bottom:.2rem}h2{margin-top:2.4rem;font-size:1.25rem}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:.28rem .7rem;border-bottom:1px solid #dcdce6;text-align:right}
th:first-child,td:first-child{text-align:left}
.figures{display:flex;flex-wrap:wrap;gap:1.2rem 2.6rem;margin:1.2rem 0}
.figures b{display:block;font-size:1.7rem;font-weight:600}.figures span{color:#5b6072}
.note{background:#fff4d6;border-left:4px solid #e69f00;padding:.6rem 1rem;margin:.6rem 0}
.faces{display:flex;flex-wrap:wrap;gap:.7rem}
.faces figure{margin:0;width:112px}.faces img{width:100%;border-radius:4px;display:block}
.faces figcaption{font-size:.8rem;line-height:1.25;padding:.2rem 0 0 .4rem}
pre{background:#f1f1f7;padding:.8rem 1rem;overflow:auto;border-radius:6px;font-size:.86rem}
details{margin:.6rem 0}.quiet{color:#5b6072;font-size:.92rem}
@media print{details,.plot{break-inside:avoid}}
"""
#: Of a plot's data, in its table; the plot itself holds them all.
_ROWS = 200
_NOTICE = (
    "An expression is not a feeling: the model names what a face looks like, and is often wrong. "
    "The EU prohibits inferring the emotions of people in education and at work, medical and "
    "safety reasons aside (Regulation (EU) 2024/1689, Art. 5(1)(f))."
)


def write_report(assessment: Assessment, notes: Iterable[str] = ()) -> str:
    """The page. ``notes``: what makes the scores look better than they are, a sentence each."""
    builder = expression if isinstance(assessment, ExpressionAssessment) else keypoints
    model, dataset, question = assessment.model, assessment.dataset, assessment.question
    title = f"{model.name} on {dataset.name}, {question.split}"
    notes = [*other_truth(model, question.truth), *notes]
    notes += filter(None, [left_out_text(assessment.scores)])
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{_faces_and_labels(assessment)} · written '
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC by Emotion AI</p>",
        *(f'<p class="note">{escape(note)}</p>' for note in notes),
        _figures(figures(assessment.scores)),
        *(_section(section, i) for i, section in enumerate(builder.sections(assessment))),
        "<h2>The model</h2>",
        _table(_card(model.card)),
        f"<details><summary>The whole card</summary><pre>"
        f"{escape(json.dumps(_without_scores(model.card), indent=1))}</pre></details>",
        "<h2>How to reproduce this</h2>",
        f"<pre>{escape(report_command(assessment))}</pre>",
        _table(_identity(assessment)),
        f'<p class="quiet">{escape(_NOTICE)}</p>',
    ]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body>{''.join(body)}</body></html>"
    )


def report_command(assessment: Assessment) -> str:
    """The command that writes the same report."""
    question = assessment.question
    words = ["emotion-ai", "report", assessment.model.name]
    words += ["--data", assessment.dataset.name, "--split", question.split]
    if isinstance(assessment, ExpressionAssessment):
        if question.truth != "given":
            words += ["--labels", question.truth]
        asked = question.labels
        if asked and asked.is_known and asked != assessment.model.labels:
            words += ["--label-set", asked.name]
    if question.leave_out_copies:
        words.append("--leave-out-copies")
    return shlex.join(words)


def _section(section: Section, number: int) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>", f"<p>{escape(section.text)}</p>"]
    parts += [_plot(plot, f"plot{number}_{i}") for i, plot in enumerate(section.plots)]
    if section.table is not None:
        parts.append(_table(section.table))
    if section.faces:
        parts.append('<div class="faces">')
        parts += [
            f'<figure><img alt="{escape(words)}" src="{url}"><figcaption style="border-left:4px '
            f'solid {colour}">{escape(words)}</figcaption></figure>'
            for url, words, colour in section.faces
        ]
        parts.append("</div>")
    return "".join(parts)


def _plot(plot: Plot, key: str) -> str:
    # A "</script>" in a name must not end the script.
    content = plot.figure.to_json().replace("</", "<\\/")
    config = '{"displaylogo":false,"responsive":true,"modeBarButtons":[["toImage"]]}'
    height = plot.figure.layout.height
    return (
        f'<div class="plot" id="{key}" role="img" aria-label="{escape(plot.alt)}" '
        f'style="height:{height}px"></div><script>(function(f){{'
        f'Plotly.newPlot("{key}",f.data,f.layout,{config})}})({content})</script>'
        f"<details><summary>The data of this plot{_shown(plot.data)}</summary>"
        f"{_table(plot.data.head(_ROWS))}</details>"
    )


def _shown(data: pd.DataFrame) -> str:
    return f": {_ROWS} of {len(data):,} rows" if len(data) > _ROWS else ""


def _faces_and_labels(assessment: Assessment) -> str:
    labels = f", {assessment.question.truth} labels" if assessment.task == "expression" else ""
    return f"{assessment.scores['n']:,} faces{labels}"


def _figures(measured: list[Figure]) -> str:
    return (
        '<div class="figures">'
        + "".join(
            f"<div><span>{escape(figure.score.title)}</span><b>{escape(figure.text)}</b>"
            f"<span>{escape(figure.note)}</span></div>"
            for figure in measured
        )
        + "</div>"
    )


def _table(table: pd.DataFrame) -> str:
    """A plain table; ``to_html`` escapes what is in it."""
    return table.to_html(
        index=False, border=0, na_rep="–", escape=True,
        float_format=lambda value: f"{value:.3f}",
    )  # fmt: skip


def _card(card: dict) -> pd.DataFrame:
    training = card.get("training", {})
    facts = {
        "task": card["task"],
        "expressions": ", ".join(card.get("classes", ())) or card.get("label_set"),
        "network": card.get("preset"),
        "parameters": f"{card['parameters']:,}" if "parameters" in card else None,
        "stored as": "int8 but for its two ends" if card.get("quantised") else "float weights",
        "trained on": ", ".join(data["name"] for data in card.get("data", [])),
        "labels learnt": training.get("labels") if card["task"] == "expression" else None,
        "epochs, at most": training.get("epochs"),
        "run": card.get("run"),
        "created": card.get("created"),
    }
    rows = [(name, str(value)) for name, value in facts.items() if value not in (None, "")]
    return pd.DataFrame(rows, columns=["", "this model"])


def _without_scores(card: dict) -> dict:
    return {key: value for key, value in card.items() if key != "scores"}


def _identity(assessment: Assessment) -> pd.DataFrame:
    rows = [
        ("model (SHA-256 of model.tflite)", assessment.model.digest),
        ("dataset (SHA-256 of images and table)", assessment.dataset.digest),
        ("split rule", str(assessment.dataset.description.get("split_rule", "official"))),
        ("faces", f"{assessment.scores['n']:,}"),
    ]
    return pd.DataFrame(rows, columns=["", "what was measured"])
