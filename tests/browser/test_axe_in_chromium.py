"""axe-core over every page and tab in both themes, and the keys that reach what is drawn."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.conftest import running_app, see, wait_until_drawn

#: Pages, with what in their address opens the parts that no tab does.
PAGES = (
    "", "photo", "live", "train", "models", "learn",
    "learn?chapter=neuron&moment=15", "learn?chapter=convolution&convolution_kernel=Your+own",
    "learn?chapter=precision", "learn?chapter=service", "learn?chapter=limits",
    "learn?chapter=neuron&projector=true",
    "datasets?data=synthetic_expression", "datasets?data=synthetic_keypoints",
    "evaluate",
)  # fmt: skip
#: Streamlit's own, which no page can change: axe's rule, and what it finds there.
STREAMLITS_OWN = (
    ("list", "stSidebarNavItems"),
    ("listitem", "<li"),  # of the sidebar's navigation; the app's own lists are Markdown's
    ("presentation-role-conflict", "stFileUploaderDropzone"),
    ("scrollable-region-focusable", "<pre"),  # Chromium lets keys reach whatever scrolls
)
RUN = """async colours_only => {
  const options = { resultTypes: ["violations"] };
  if (colours_only) options.runOnly = ["color-contrast"];
  const { violations } = await axe.run(document, options);
  return violations.flatMap(rule => rule.nodes.map(node => [
    rule.id, node.html, (node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""]));
}"""


@pytest.fixture(scope="module")
def app_url(tmp_path_factory, drawn):
    """A dashboard with a drawn dataset for each task, and one to stand beside the first."""
    folder = tmp_path_factory.mktemp("axe")
    drawn("expression", 70, into=folder / "data")
    drawn("expression", 35, seed=5, into=folder).folder.rename(folder / "data" / "the_other")
    drawn("keypoints", 35, into=folder / "data")
    with running_app(folder, EMOTION_AI_CACHE=folder / "cache") as url:
        yield url


def findings(page: Page, theme: str) -> list[str]:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    ground = {"light": "rgb(252, 252, 254)", "dark": "rgb(20, 22, 29)"}[theme]
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
    page.evaluate(  # colours fade into another theme
        "() => Promise.allSettled(document.getAnimations()"
        ".filter(one => one instanceof CSSTransition).map(one => one.finished))"
    )
    page.evaluate(f"() => {{ if (!window.axe) {{ {AXE_SCRIPT} }} }}")
    return [
        f"{theme} {rule}: {html[:160]} {message}"
        for rule, html, message in page.evaluate(RUN, theme == "dark")
        if not any(rule == own and part in html for own, part in STREAMLITS_OWN)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing_on_any_page_and_tab(page, address):
    page.goto(f"/{address}")
    wait_until_drawn(page)
    found = []
    tabs = page.get_by_role("tab")
    for name in tabs.all_inner_texts() or [None]:
        if name:
            tab = page.get_by_role("tab", name=name, exact=True)
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            panel = page.get_by_role("tabpanel", name=name, exact=True)
            expect(panel.get_by_test_id("stElementContainer")).not_to_have_count(0)
            wait_until_drawn(page)
        for theme in ("light", "dark"):
            found += [f"{address} {name or ''} {line}" for line in findings(page, theme)]
    assert not found, "\n".join(found)


def test_grid_of_faces_is_reached_by_key_and_says_which_face_is_chosen(page):
    page.goto("/datasets?data=synthetic_expression&face=0")
    wait_until_drawn(page)
    grid = page.get_by_role("listbox", name=re.compile("faces; click one"))
    grid.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")  # by key, so that the focus shows
    expect(grid).to_be_focused()
    expect(grid).to_have_css("outline-style", "solid")
    before = grid.get_by_role("option").text_content()
    page.keyboard.press("ArrowRight")
    expect(grid.get_by_role("option")).to_have_text(re.compile(r"face \d+ of 70 \w+"))
    expect(grid.get_by_role("option")).not_to_have_text(before)
    page.wait_for_url(re.compile(r"face=[1-9]"))


def test_cells_of_the_matrix_are_walked_with_arrows_and_chosen_with_enter(page):
    page.goto("/evaluate")
    wait_until_drawn(page)
    cells = page.get_by_role("group", name="Cells of the matrix")
    start = cells.locator("[tabindex='0']")
    expect(start).to_have_attribute("aria-pressed", "true")
    see(page.locator(".st-key-confusion_chart .main-svg").first)
    start.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")  # by key, so that the focus shows
    happy = cells.get_by_role("button", name=re.compile("^happy, named happy: "))
    for _ in range(7):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
    expect(happy).to_be_focused()
    expect(happy).to_have_css("outline-style", "solid")
    box, chart = happy.bounding_box(), page.locator(".st-key-confusion_chart").bounding_box()
    assert chart["x"] < box["x"] < chart["x"] + chart["width"]
    assert chart["y"] < box["y"] < chart["y"] + chart["height"]
    page.keyboard.press("Enter")
    page.wait_for_url("**cell=happy-happy**")
    expect(happy).to_have_attribute("aria-pressed", "true")
