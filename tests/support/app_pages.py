"""Opens pages of the dashboard through AppTest, and reads what stands there.

AppTest runs a page by itself; the frame around it is seen on Home, and in ``tests/browser``.
"""

from functools import cache

from streamlit.testing.v1 import AppTest

from emotion_ai.settings import ROOT


def new_app() -> AppTest:
    """The dashboard at Home, as a new session that has not run yet."""
    _be_visited()
    return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)


@cache
def _be_visited() -> None:
    """A page's own address runs the whole app where nobody has opened the app yet."""
    AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()


def open_page(
    page: str = "home", /, *, app: AppTest | None = None, error: bool | None = False, **address
) -> AppTest:
    """``pages/<page>.py`` with the query parameters ``address``, in the session ``app`` or a new
    one. It may not fail; ``error`` says whether it shows an error, None that it may."""
    app = new_app() if app is None else app
    if page != "home":
        app.switch_page(f"pages/{page}.py")
    app.query_params.update(address)
    app.run()
    assert not app.exception, [trace.value for trace in app.exception]
    assert error is None or bool(app.error) == error, [line.value for line in app.error]
    return app


def text(app: AppTest) -> str:
    """What a page says, without what its Markdown escapes."""
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption)
    boxes = (app.info, app.success, app.warning, app.error)
    said = " ".join(element.value for kind in (*kinds, *boxes) for element in kind)
    return said.replace("\\", "").replace("\xa0", " ")


def html(app: AppTest) -> str:
    """The page's own HTML: pictures, cards and bars."""
    return "".join(element.proto.body for element in app.get("html"))


def button(app: AppTest, label: str):
    """The first button whose label begins with ``label``."""
    return next(found for found in app.button if found.label.startswith(label))


def press(app: AppTest, label: str) -> AppTest:
    """Click that button; the page may not fail."""
    button(app, label).click().run()
    assert not app.exception
    return app
