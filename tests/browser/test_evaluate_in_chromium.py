"""The Evaluate page in a real Chromium: a click on a cell, two models, the report."""

import shutil
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT
from tests.browser.conftest import running_app, see, wait_until_drawn, wait_until_it_fits
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

    def open_at(address: str = ""):
        page.goto(f"/evaluate?{address}")
        see(page.get_by_role("tab", name="Confusion"))
        wait_until_drawn(page)
        return page

    yield open_at
    expect(page.get_by_test_id("stException")).to_have_count(0)


def matrix_cell(page, given: int, named: int):
    squares = page.locator(".st-key-confusion_chart .scatterlayer .trace").first.locator(".point")
    expect(squares).to_have_count(49)
    wait_until_drawn(page)
    return squares.nth(7 * given + named).bounding_box()


def test_click_on_a_cell_shows_its_faces_and_a_click_on_a_face_more_of_it(evaluate):
    page = evaluate("cell=angry-angry")
    see(page.get_by_text("Given angry, named angry:"))
    box = matrix_cell(page, 3, 3)
    # Anywhere in the cell counts, not its middle alone.
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.7 * box["height"])
    see(page.get_by_text("Given happy, named happy:"))
    page.wait_for_url("**cell=happy-happy**")

    grid = page.locator(".faces img")
    panel = page.get_by_text("given happy, named happy (")
    see(panel)  # until then the faces are those of the cell before
    wait_until_drawn(page)
    see(grid)
    size = grid.bounding_box()
    grid.click(position={"x": size["width"] * 0.25, "y": size["height"] * 0.1})
    page.wait_for_url("**face=*")
    see(panel)
    row = page.url.split("face=")[1].split("&")[0]
    see(page.get_by_text(f"face {row} ·"))
    wait_until_drawn(page)

    page.get_by_role("button", name="Why this answer?").click()
    see(page.get_by_alt_text("Occlusion map"))
    wait_until_drawn(page)
    expect(page.get_by_role("spinbutton", name="Face")).to_have_value(row)


def test_clicks_on_faces_that_are_being_replaced_are_harmless(evaluate):
    page = evaluate("cell=angry-angry")
    see(page.get_by_text("given angry, named angry ("))
    see(page.locator(".faces img"))
    faces = page.locator(".faces img").bounding_box()
    happy, sad = ((box["x"] + 9, box["y"] + 9) for box in (matrix_cell(page, k, k) for k in (3, 4)))
    for cell in (happy, sad, happy, sad):
        page.mouse.click(*cell)
        page.mouse.click(faces["x"] + 0.25 * faces["width"], faces["y"] + 10)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    wait_until_drawn(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.goto("/evaluate?cell=happy-happy")
    see(page.get_by_text("given happy, named happy ("))
    wait_until_drawn(page)
    page.locator(".faces img").click(position={"x": 10, "y": 10})
    page.wait_for_url("**face=*")


def test_two_models_are_chosen_and_compared(evaluate):
    page = evaluate("tab=Two+models")
    see(page.get_by_text("Choose a second model"))
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="expression_noisy", exact=True).click()
    see(page.get_by_text("McNemar's test"))
    see(page.get_by_text("Only expression is right:"))
    see(page.get_by_text("Only expression_noisy is right:"))
    see(page.locator(".js-plotly-plot .barlayer").first)
    page.wait_for_url("**with=expression_noisy**")


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
    for tab in ("Confusion", "Why?"):
        page.goto(f"/evaluate?tab={quote(tab)}")
        panel = page.get_by_role("tabpanel", name=tab)
        expect(panel.get_by_test_id("stElementContainer")).not_to_have_count(0)
        wait_until_it_fits(page, 420)
