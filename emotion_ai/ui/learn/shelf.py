"""The shelf of chapters, the frame around a chapter, and the choice of language."""

import base64
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from emotion_ai.learn.texts import DEFAULT, SHELF, TEACH, Words, languages, words
from emotion_ai.ui.frame import page_head
from emotion_ai.ui.learn.share import link, show_link
from emotion_ai.ui.live.device import device_page, missing_for_device
from emotion_ai.ui.wording import plain

_TILES = Path(__file__).with_name("tiles")
_STYLE = Path(__file__).with_name("shelf.css")

#: Draws a chapter into its two columns: picture, and text with controls.
Screen = Callable[[Words, object, object], None]


def language() -> str:
    """The language of the address; a selector where there is more than one."""
    known = languages()
    asked = st.query_params.get("lang", DEFAULT)
    if asked not in known:
        asked = DEFAULT
    if len(known) < 2:
        return asked
    label = words("shelf", asked)("language_label")
    chosen = st.selectbox(label, known, list(known).index(asked), format_func=known.get, width=200)
    if chosen != asked:
        st.query_params["lang"] = chosen
        st.rerun()
    return chosen


def _open(chapter: str | None, lang: str) -> None:
    """Turn to a chapter, or to the shelf, and put its link into the address."""
    query = {"chapter": chapter} if chapter else {}
    st.query_params.from_dict(query | ({"lang": lang} if lang != DEFAULT else {}))


def _way(label: str, chapter: str | None, lang: str, **look) -> None:
    """A button that leads to a chapter. A page link would show it, but leave the address as it
    is: then nobody could share it, or go back."""
    st.button(label, on_click=_open, args=(chapter, lang), type="tertiary", **look)


def show_shelf(lang: str) -> None:
    """A tile a chapter."""
    text = words("shelf", lang)
    page_head(text("title"), text("sentence"))
    st.html(_STYLE)

    with st.container(key="shelf"):
        for chapter in SHELF:
            own = words(chapter, lang)
            with st.container(border=True, height="stretch", key=f"tile_{chapter}"):
                st.html(_picture(chapter, own("title")))
                _way(f"**{_numbered(chapter, own)}**", chapter, lang, key=f"open_{chapter}")
                st.caption(own("idea"))


def show_chapter(chapter: str, lang: str, screen: Screen) -> None:
    """One screen: the picture left, three sentences and controls right, what to try, a note for
    teachers, and the ways on."""
    shelf, own = words("shelf", lang), words(chapter, lang)
    page_head(_numbered(chapter, own), own("idea"))
    st.html(_STYLE)
    with st.container(key="chapter"):
        left, right = st.columns([3, 2], gap="medium")
    picture = left.container(key="picture")
    shared = right.container()
    told = right.container(key="told")
    screen(own, picture, right)
    view = st.session_state.get(f"{chapter}_view", "")
    told.markdown("\n\n".join(own.lines(own.of_view("sentences", view))))
    below, beside = st.columns([3, 2], gap="medium")
    what = own(own.of_view("try", view))
    below.info(f"**{shelf('try_this')}** {what}", icon=":material/experiment:")
    with beside.expander(shelf("for_teachers"), icon=":material/school:"):
        for part in ("show", "ask", "minutes"):
            st.markdown(f"**{shelf(part)}** {own(f'teacher_{part}')}")
    _ways_on(chapter, lang, shelf)
    with shared, st.popover(shelf("share"), icon=":material/qr_code_2:"):
        show_link(shelf, link(), "copy_link")


def show_teach(lang: str) -> None:
    """The chapter that the visitor's own browser reads and learns in."""
    shelf, own = words("shelf", lang), words(TEACH, lang)
    page_head(_numbered(TEACH, own), own("idea"))
    _ways_on(TEACH, lang, shelf)  # above: the page inside grows over what stands below it
    if why := missing_for_device():
        st.info(own("not_offered", why=plain(why)), icon=":material/devices:")
    else:
        device_page("teach")


def _ways_on(chapter: str, lang: str, shelf: Words) -> None:
    position = SHELF.index(chapter)
    ways = [(None, shelf("all"), ":material/grid_view:")]
    if position:
        before = SHELF[position - 1]
        ways.insert(0, (before, words(before, lang)("title"), ":material/arrow_back:"))
    if position < len(SHELF) - 1:
        after = SHELF[position + 1]
        ways.append((after, words(after, lang)("title"), ":material/arrow_forward:"))
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        for name, label, icon in ways:
            _way(label, name, lang, icon=icon)


def _numbered(chapter: str, own: Words) -> str:
    return f"{SHELF.index(chapter) + 1} · {own('title')}"


def _picture(chapter: str, title: str) -> str:
    """A small moving picture: an SVG that animates itself, and rests for those who ask for it."""
    svg = base64.b64encode((_TILES / f"{chapter}.svg").read_bytes()).decode()
    return (
        f'<img src="data:image/svg+xml;base64,{svg}" alt="{title}" '
        'style="width:100%;aspect-ratio:8/5;display:block">'
    )
