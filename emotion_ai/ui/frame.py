"""What surrounds every page: style, sidebar, the page's head, errors as lines."""

import math
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from emotion_ai.errors import EmotionAIError
from emotion_ai.models.shipped import bring_shipped_models
from emotion_ai.settings import ROOT, settings
from emotion_ai.ui import access, projector, resources
from emotion_ai.ui.wording import TASK_TITLES, count, headline_score, plain, score_figure

EU_RULE = (
    "The EU prohibits inferring the emotions of people in education and at work, medical and "
    "safety reasons aside (Regulation (EU) 2024/1689, Art. 5(1)(f))."
)

_FOLDER = Path(__file__).parent
#: The app's own, in browsers' tabs and beside the folded sidebar.
ICON = _FOLDER / "icon.svg"
_shown = False


@contextmanager
def errors_as_lines() -> Iterator[None]:
    """What is the input's fault becomes one line on the page instead of a traceback; what is a list
    stays one."""
    try:
        yield
    except EmotionAIError as error:
        lines = str(error).splitlines()
        st.error("  \n".join(map(plain, lines)), icon=":material/error:")
    except OSError as error:  # a full disk, a folder that may not be written to
        late = isinstance(error, TimeoutError)
        why = error.strerror or ("busy, try again" if late else "it could not be done")
        name = Path(error.filename or "").name  # whoever looks need not know where it lies
        st.error(plain(f"{name}: {why}" if name else why), icon=":material/error:")


def frame() -> None:
    """Style, logo and sidebar; called by ``streamlit_app.py`` before the page."""
    global _shown
    _shown = True
    bring_shipped_models(settings())
    st.html(_FOLDER / "style.css")
    st.logo(_FOLDER / "logo.svg", size="large", icon_image=ICON)
    sidebar()
    projector.switch()


def _drop_unusable_parameters() -> None:
    """Take from the address what Streamlit's controls do not refuse by themselves: nothing, as in
    ``?sample=``, empties even a choice that is required, and infinity ends a page."""
    unusable = [
        name
        for name in st.query_params
        if not any(values := st.query_params.get_all(name)) or any(map(_is_infinite, values))
    ]
    for name in unusable:
        del st.query_params[name]
    if unusable:
        st.rerun()


def _is_infinite(text: str) -> bool:
    try:
        return math.isinf(float(text))
    except ValueError:
        return False


def page_head(title: str, sentence: str) -> None:
    """A page's first line: its title and one plain sentence.

    A new server asked for a page's own address runs that page alone: until ``st.navigation`` was
    called once, Streamlit takes ``pages/`` for its older scheme. Then the app starts from here.
    """
    if not _shown:
        runpy.run_path(str(ROOT / "streamlit_app.py"))
        st.stop()
    _drop_unusable_parameters()
    st.title(title)
    st.markdown(sentence)


def sidebar() -> None:
    """What is loaded, and the notice."""
    predictor = resources.reader().predictor
    with st.sidebar:
        lines = []
        for task, title in TASK_TITLES.items():
            model = predictor.models.get(task)
            score = headline_score(model) if model else None
            figure = "not scored" if model else "no model"
            if score:
                figure = f"{score_figure(score)} on {plain(score['data'])}"
            lines.append(f"**{title}** {figure}")
        lines.append(f"**Detector** {predictor.detector.name}")
        lines.append(f"**Data** {count(len(resources.datasets()), 'dataset')}")
        st.caption("  \n".join(lines))
        if predictor.detector.note:
            st.caption(plain(predictor.detector.note))
        access.who_is_here()
        st.caption(f"**An expression is not a feeling.** {EU_RULE}")
