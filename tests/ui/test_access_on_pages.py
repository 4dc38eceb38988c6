"""What visitors of a served app may do, page by page, with forged clicks too."""

import re
import shutil
import threading

import pytest
from streamlit import runtime
from streamlit.testing.v1 import AppTest

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets import list_datasets, open_dataset
from emotion_ai.datasets.marks import load_marks
from emotion_ai.errors import AccessError
from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT, Settings, settings
from emotion_ai.ui import access, components
from emotion_ai.ui.datasets import marking, problems, setup
from tests.support import app_pages
from tests.support.second_model import noisy_copy

SIGN_IN = {"auth": {"client_id": "app"}, "access": {"editors": ["ada@example.org"]}}
ADA = {"is_logged_in": True, "email": "ada@example.org"}
EVE = {"is_logged_in": True, "email": "eve@example.org"}
NAME = "synthetic_expression"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folders of its own for the whole module, so that the models are loaded once."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(autouse=True)
def one_dataset(place, use_places, drawn):
    shutil.rmtree(place / "data", ignore_errors=True)
    drawn("expression", 35, into=place / "data")
    use_places(data=place / "data", cache=place / "cache", access="editors")


def open_page(page: str, user: dict | None = None, secrets: dict | None = None) -> AppTest:
    app = app_pages.new_app()
    for name, value in (secrets or {}).items():
        app.secrets[name] = value
    app.user = user or {}
    return app_pages.open_page(page, app=app)


def sidebar(app: AppTest) -> str:
    return " ".join(element.value for element in app.sidebar.caption).replace("\\", "")


def marks():
    return load_marks(open_dataset(settings().data_dir / NAME))


STRANGERS = [
    ({}, {}, "open to others and has no sign-in"),
    ({}, SIGN_IN, "sign in first"),
    (EVE, SIGN_IN, "eve@example.org is not in this server's list"),
]


@pytest.fixture
def as_drawn_for_an_editor(monkeypatch):
    """Pages grey nothing out, so that what a hostile browser sends reaches the work itself."""
    for module in (setup, marking, problems, components):
        monkeypatch.setattr(module, "locked", dict)


@pytest.mark.parametrize(("user", "secrets", "why"), STRANGERS)
def test_a_strangers_click_changes_nothing_even_where_nothing_is_greyed_out(
    as_drawn_for_an_editor, user, secrets, why
):
    app = open_page("datasets", user, secrets)
    for key in ("mark_keep", "mark_happy", "delete_dataset"):
        app.button(key=key).click().run()
        assert "Only editors may" in app.error[0].value
        assert why in app.error[0].value.replace("\\", "")
    assert marks() == {}
    assert [dataset.name for dataset in list_datasets(settings().data_dir)] == [NAME]


def test_a_stranger_can_neither_draw_nor_download_nor_import(as_drawn_for_an_editor):
    app = open_page("datasets")
    app.button(key="fetch_fer2013").click().run()
    assert "Only editors may download a dataset" in app.error[0].value
    app_pages.button(app, "Draw").click().run()
    assert "Only editors may draw a dataset" in app.error[0].value
    path = next(field for field in app.text_input if "on the server" in field.label)
    path.set_value(str(settings().data_dir / NAME))
    [button for button in app.button if button.label == "Import"][1].click().run()
    assert "Only editors may import a dataset" in app.error[0].value
    assert not app.exception
    assert [dataset.name for dataset in list_datasets(settings().data_dir)] == [NAME]


def test_a_stranger_sees_the_buttons_greyed_out_with_the_reason():
    app = open_page("datasets", {}, SIGN_IN)
    for key in ("mark_keep", "mark_drop"):
        assert app.button(key=key).disabled
        assert "sign in first" in app.button(key=key).help
    assert not app.error


@pytest.mark.parametrize(
    ("page", "what"),
    [("datasets", "add datasets"), ("train", "train a network"), ("models", "export a model")],
)
def test_what_is_locked_says_who_may_and_how_without_a_pointer(page, what):
    said = app_pages.text(open_page(page))
    assert f"Only editors may {what}" in re.sub("choose what .*, or ", "", said)
    assert "installed on your own computer, Emotion AI lets you do everything" in said
    assert "EMOTION_AI_" not in said
    assert "sign in first, at the foot of the sidebar" in app_pages.text(
        open_page(page, {}, SIGN_IN)
    )


def test_a_stranger_sees_no_button_that_would_only_refuse(place, use_places):
    """Those in popovers and forms too, which a browser keeps closed but is sent."""
    for name in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / name, place / "models" / name, dirs_exist_ok=True)
    noisy_copy(open_model(ROOT / "models", "expression"), place / "models", "other")
    use_places(place, "models")
    for_editors = {
        "datasets": ["Import", "Draw", "Download", "Delete it for good", "Keep", "happy"],
        "models": ["Make it the default", "Export"],
    }
    for page, labels in for_editors.items():
        app = open_page(page, {}, SIGN_IN)
        for label in labels:
            found = [button for button in app.button if button.label == label]
            assert found, label
            for button in found:
                assert button.disabled, label
                assert "For editors: sign in first" in button.help, label


def test_an_editor_marks_and_deletes_until_the_list_forgets_them():
    app = open_page("datasets", ADA, SIGN_IN)
    assert not app.button(key="mark_drop").disabled
    app.button(key="mark_drop").click().run()
    assert not app.error
    assert marks()[0].kind == "drop"
    app.secrets["access"] = {"editors": []}
    app.button(key="delete_dataset").click().run()
    assert "not in this server" in app.error[0].value.replace("\\", "")
    app.secrets["access"] = {"editors": "ada@example.org"}
    app.run()
    app.button(key="delete_dataset").click().run()
    assert list_datasets(settings().data_dir) == []


def test_the_sidebar_says_who_is_here_and_how_to_become_an_editor():
    home = open_page("home")
    nobody = sidebar(home)
    assert "**Read-only**: this server is open to others and has no sign-in" in nobody
    assert "on your own computer, Emotion AI lets you do everything" in nobody
    assert any("docs/security.md" in line.help for line in home.sidebar.caption)
    unknown = open_page("home", {}, SIGN_IN)
    assert "Look and try" in sidebar(unknown)
    assert [button.label for button in unknown.sidebar.button] == ["Sign in"]
    known = open_page("home", ADA, SIGN_IN)
    assert "**Signed in** ada@example.org · editor" in sidebar(known)
    assert [button.label for button in known.sidebar.button] == ["Sign out"]
    refused = sidebar(open_page("home", EVE, SIGN_IN))
    assert "· editor" not in refused
    assert "eve@example.org is not in this server's list of editors" in refused


def test_several_ways_to_sign_in_get_a_button_each():
    auth = {"google": {"client_id": "g"}, "microsoft": {"client_id": "m"}, "cookie_secret": "x"}
    app = open_page("home", {}, {"auth": auth})
    labels = [button.label for button in app.sidebar.button]
    assert labels == ["Sign in with Google", "Sign in with Microsoft"]


def test_names_of_signed_in_people_are_shown_as_text():
    app = open_page("home", {"is_logged_in": True, "email": "**<b>x</b>**[a](//b)"}, SIGN_IN)
    assert any(r"\*\*\<b\>x" in line.value for line in app.sidebar.caption)


def test_on_ones_own_machine_nothing_is_said_and_everything_works(monkeypatch):
    monkeypatch.setattr(access, "settings", Settings)
    app = open_page("datasets")
    assert "ditor" not in sidebar(app)
    app.button(key="mark_keep").click().run()
    assert marks()[0].kind == "keep"


def test_a_thread_of_the_server_that_belongs_to_nobody_is_refused(monkeypatch):
    """Inside a server a thread without a visitor may not do what its starter could not."""
    caught = []

    def work():
        try:
            require_editor("train a network")
        except AccessError as error:
            caught.append(str(error))

    with monkeypatch.context() as server:
        server.setattr(runtime, "exists", lambda: True)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert "belongs to no visitor" in caught[0]
