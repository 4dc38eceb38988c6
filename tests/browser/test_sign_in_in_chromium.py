"""Signing in through a real OpenID Connect provider on this machine, and what that opens."""

import logging

import pytest
from playwright.sync_api import expect

from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.datasets.marks import load_marks

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
def served(provider, start_app, tmp_path_factory):
    """An app that only its editors may change, and its folder."""
    folder = tmp_path_factory.mktemp("served")
    synthetic.make_dataset(folder / "data", "expression", n=35)
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
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("EMOTION_AI_ACCESS", "editors")
        environment.setenv("STREAMLIT_SECRETS_FILES", str(secrets))
        with start_app(folder) as url:
            yield url, folder


@pytest.fixture
def visit(browser, served):
    context = browser.new_context(viewport={"width": 1400, "height": 900}, base_url=served[0])
    yield context.new_page()
    context.close()


def sign_in(page, address: str) -> None:
    page.goto("/datasets")
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=sub]").fill(address)
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_text("Signed in")).to_be_visible()
    page.goto("/datasets")


def control(page, key: str):
    return page.locator(f".st-key-{key} button").first


def test_an_editor_signs_in_marks_an_image_and_signs_out(visit, served):
    sign_in(visit, EDITOR)
    expect(visit.get_by_text(f"Signed in {EDITOR} · editor")).to_be_visible()
    control(visit, "mark_drop").click()
    expect(visit.get_by_text("Marked: drop")).to_be_visible()
    assert load_marks(open_dataset(served[1] / "data" / "synthetic_expression"))[0].kind == "drop"
    visit.get_by_role("button", name="Sign out").click()
    expect(visit.get_by_role("heading", name="End Session")).to_be_visible()  # the provider's
    visit.goto("/datasets")
    expect(visit.get_by_role("button", name="Sign in")).to_be_visible()
    expect(control(visit, "mark_drop")).to_be_disabled()


def test_somebody_else_signs_in_and_may_only_look(visit):
    sign_in(visit, STRANGER)
    expect(visit.get_by_text("not in this server's list of editors")).to_be_visible()
    for key in ("mark_keep", "mark_drop", "add_dataset", "delete_popover"):
        expect(control(visit, key)).to_be_disabled()
