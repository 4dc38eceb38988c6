"""Signing in through a real OpenID Connect provider on this machine, and what that opens."""

import logging

import pytest
from playwright.sync_api import expect

from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.marks import load_marks
from tests.browser.conftest import running_app, see, wait_until_drawn

pytest.importorskip("authlib")
EDITOR, STRANGER = "ada@example.org", "eve@example.org"


@pytest.fixture(scope="module")
def provider():
    """The address of an OpenID provider that believes everybody."""
    mock = pytest.importorskip("oidc_provider_mock")
    logging.getLogger("oidc_provider_mock").setLevel(logging.WARNING)
    people = [
        mock.User(sub=address, claims={"email": address, "email_verified": True})
        for address in (EDITOR, STRANGER)
    ]
    with mock.run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def served(provider, tmp_path_factory, drawn):
    """An app that only its editors may change, and its folder."""
    folder = tmp_path_factory.mktemp("served")
    drawn("expression", 35, into=folder / "data")
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f"""
[auth]
redirect_uri = "http://localhost:{{port}}/oauth2callback"
cookie_secret = "a secret of at least thirty-two letters"
client_id = "emotion-ai"
client_secret = "anything"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[access]
editors = ["{EDITOR}"]
"""
    )
    environment = {"EMOTION_AI_ACCESS": "editors", "STREAMLIT_SECRETS_FILES": secrets}
    with running_app(folder, **environment) as url:
        yield url, folder


@pytest.fixture
def visit(new_tab, served):
    return new_tab(served[0])


def sign_in(page, address: str) -> None:
    page.goto("/datasets")
    see(page.get_by_role("button", name="Sign in"))
    wait_until_drawn(page)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=sub]").fill(address)
    page.get_by_role("button", name="Authorize").click()
    see(page.get_by_text("Signed in"))
    wait_until_drawn(page)
    page.goto("/datasets")
    see(page.get_by_text("Signed in"))
    wait_until_drawn(page)


def control(page, key: str):
    return page.locator(f".st-key-{key} button").first


def test_an_editor_signs_in_marks_an_image_and_signs_out(visit, served):
    sign_in(visit, EDITOR)
    see(visit.get_by_text(f"Signed in {EDITOR} · editor"))
    control(visit, "mark_drop").click()
    see(visit.get_by_text("Marked: drop"))
    wait_until_drawn(visit)
    assert load_marks(open_dataset(served[1] / "data" / "synthetic_expression"))[0].kind == "drop"
    visit.get_by_role("button", name="Sign out").click()
    see(visit.get_by_role("heading", name="End Session"))  # the provider's
    visit.goto("/datasets")
    see(visit.get_by_role("button", name="Sign in"))
    wait_until_drawn(visit)
    expect(control(visit, "mark_drop")).to_be_disabled()


def test_somebody_else_signs_in_and_may_only_look(visit):
    sign_in(visit, STRANGER)
    said = "Read-only: eve@example.org is not in this server's list of editors"
    see(visit.get_by_text(said))
    for key in ("mark_keep", "mark_drop", "add_dataset", "delete_popover"):
        expect(control(visit, key)).to_be_disabled()
