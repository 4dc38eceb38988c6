"""The Evaluate page in a real Chromium: a click on a cell, two models, the report."""

import shutil

import pytest
from playwright.sync_api import expect

from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT
from tests.browser.conftest import running_app, width_px
from tests.support.second_model import noisy_copy

FACES = 350


@pytest.fixture(scope="module")
def evaluate_url(tmp_path_factory, drawn):
    """A dashboard with synthetic faces and a second, noisy expression model."""
    folder = tmp_path_factory.mktemp("evaluate_app")
    for task in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / task, folder / "models" / task)
    noisy_copy(open_model(ROOT / "models", "expression"), folder / "models", "expression_noisy")
    drawn("expression", FACES, into=folder / "data")
    places = {"EMOTION_AI_MODELS": folder / "models", "EMOTION_AI_CACHE": folder / "cache"}
    with running_app(folder, **places) as url:
        yield url


@pytest.fixture
def evaluate(new_tab, evaluate_url):
    """Opens the page at an address; fails on any traceback at the end."""
    page = new_tab(evaluate_url, height=1200)
    page.set_default_timeout(45_000)

    def open_at(address: str = ""):
        page.goto(f"/evaluate?{address}")
        expect(page.get_by_role("tab", name="Confusion")).to_be_visible()
        return page

    yield open_at
    expect(page.get_by_test_id("stException")).to_have_count(0)


def matrix_cell(page, given: int, named: int):
    squares = page.locator(".st-key-confusion_chart .scatterlayer .trace").first.locator(".point")
    expect(squares).to_have_count(49)
    return squares.nth(7 * given + named).bounding_box()


def test_click_on_a_cell_shows_its_faces_and_a_click_on_a_face_more_of_it(evaluate):
    page = evaluate("cell=angry-angry")
    expect(page.get_by_text("Given angry, named angry:")).to_be_visible()
    box = matrix_cell(page, 3, 3)
    # Anywhere in the cell counts, not its middle alone.
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.7 * box["height"])
    expect(page.get_by_text("Given happy, named happy:")).to_be_visible()
    assert "cell=happy-happy" in page.url

    grid = page.locator(".faces img")
    expect(grid).to_have_count(1)
    panel = page.get_by_text("given happy, named happy (")
    expect(panel).to_be_visible()  # until then the faces are those of the cell before
    size = grid.bounding_box()
    grid.click(position={"x": size["width"] * 0.25, "y": size["height"] * 0.1})
    page.wait_for_url("**face=*")
    expect(panel).to_be_visible()
    row = page.url.split("face=")[1].split("&")[0]
    expect(page.get_by_text(f"face {row} ·")).to_be_visible()

    page.get_by_role("button", name="Why this answer?").click()
    expect(page.get_by_alt_text("Occlusion map")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Face")).to_have_value(row)


def test_clicks_on_faces_that_are_being_replaced_are_harmless(evaluate):
    page = evaluate("cell=angry-angry")
    expect(page.get_by_text("given angry, named angry (")).to_be_visible()
    faces = page.locator(".faces img").bounding_box()
    happy, sad = ((box["x"] + 9, box["y"] + 9) for box in (matrix_cell(page, k, k) for k in (3, 4)))
    for cell in (happy, sad, happy, sad):
        page.mouse.click(*cell)
        page.mouse.click(faces["x"] + 0.25 * faces["width"], faces["y"] + 10)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.goto("/evaluate?cell=happy-happy")
    expect(page.get_by_text("given happy, named happy (")).to_be_visible()
    page.locator(".faces img").click(position={"x": 10, "y": 10})
    page.wait_for_url("**face=*")


def test_two_models_are_chosen_and_compared(evaluate):
    page = evaluate("tab=Two+models")
    expect(page.get_by_text("Choose a second model")).to_be_visible()
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="expression_noisy").click()
    expect(page.get_by_text("McNemar's test")).to_be_visible()
    expect(page.get_by_text("Only expression is right:")).to_be_visible()
    expect(page.get_by_text("Only expression_noisy is right:")).to_be_visible()
    expect(page.locator(".js-plotly-plot .barlayer").first).to_be_visible()
    assert "with=expression_noisy" in page.url


def test_report_is_written_and_opens_without_the_app(evaluate, browser, tmp_path):
    page = evaluate("tab=Write+report")
    with page.expect_download() as download:
        page.get_by_role("button", name="Write report").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)

    context = browser.new_context(offline=True)
    report = context.new_page()
    asked, errors = [], []
    report.on("request", lambda request: asked.append(request.url))
    report.on("pageerror", lambda error: errors.append(error))
    report.goto(path.as_uri())
    expect(report.get_by_role("heading", name="expression on synthetic_expression")).to_be_visible()
    expect(report.locator(".plot .main-svg").first).to_be_visible()
    drawn = report.locator(".plot")
    expect(report.locator(".plot:has(.main-svg)")).to_have_count(drawn.count())
    assert drawn.count() >= 7
    assert report.locator(".faces img").count() > 4
    expect(report.get_by_text("emotion-ai report expression")).to_be_visible()
    assert not errors
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    context.close()


def test_tabs_keep_to_a_phones_screen(new_tab, evaluate_url):
    page = new_tab(evaluate_url, 420, 900)
    for tab in ("Confusion", "Why%3F"):
        page.goto(f"/evaluate?tab={tab}")
        expect(page.get_by_role("tab", name="Confusion")).to_be_visible()
        page.wait_for_timeout(500)
        assert width_px(page) <= 420
