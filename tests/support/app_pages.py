"""Opens a page of the dashboard as its address would."""

from streamlit.testing.v1 import AppTest

from emotion_ai.settings import ROOT


def open_page(page: str, **address) -> AppTest:
    """``pages/<page>.py`` with the query parameters ``address``; it may not fail."""
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params.update(address)
    app.run()
    app.switch_page(f"pages/{page}.py")
    app.query_params.update(address)
    app.run()
    assert not app.exception
    return app
