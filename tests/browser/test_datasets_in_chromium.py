"""The Datasets page in a real Chromium: the grid, a click, keys, a lasso, an import."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect

from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.marks import Mark, load_marks
from tests.browser.conftest import running_app, tip_of, width_px
from tests.support.dataset_files import fer_csv

FACES = 140


@pytest.fixture(scope="module")
def stocked(tmp_path_factory, drawn):
    """A dashboard of its own with drawn faces for both tasks: its address and its data folder."""
    folder = tmp_path_factory.mktemp("datasets")
    drawn("expression", FACES, into=folder / "data")
    drawn("keypoints", FACES, into=folder / "data")
    with running_app(folder, EMOTION_AI_CACHE=folder / "cache") as url:
        yield url, folder / "data"


@pytest.fixture
def tab(new_tab, stocked):
    return new_tab(stocked[0], height=1000)


def open_grid(page: Page, address: str = "") -> None:
    page.goto(f"/datasets?data=synthetic_expression{address}")
    expect(grid(page)).to_be_visible(timeout=90_000)  # the first one waits for a cold server
    expect(page.get_by_test_id("stException")).to_have_count(0)


def grid(page: Page):
    return page.get_by_role("listbox", name=re.compile("faces; click one")).locator("img")


def click_face(
    page: Page, column: int, row: int, across: int = 9, down: int = 10, **options
) -> None:
    box = grid(page).bounding_box()
    x = (column + 0.5) * box["width"] / across
    y = (row + 0.4) * box["height"] / down
    grid(page).click(position={"x": x, "y": y}, **options)


def test_click_in_the_grid_opens_the_face_beside_it_and_in_the_address(tab):
    open_grid(tab)
    click_face(tab, column=4, row=2)
    expect(tab.get_by_text(re.compile(r"^row 22 ·"))).to_be_visible()
    expect(tab).to_have_url(re.compile("face=22"))
    expect(tab.get_by_role("img", name="The chosen face")).to_be_visible()
    tab.keyboard.press("ArrowDown")  # the grid has the focus: a row further
    expect(tab.get_by_text(re.compile(r"^row 31 ·"))).to_be_visible()
    # Whoever gets the address sees the same.
    url = tab.url
    tab.goto("about:blank")
    tab.goto(url)
    expect(tab.get_by_text(re.compile(r"^row 31 ·"))).to_be_visible()


def test_shift_and_a_drawn_line_choose_several_and_a_key_marks_them_all(tab, stocked):
    open_grid(tab)
    click_face(tab, column=1, row=1)
    expect(tab.get_by_text(re.compile(r"^row 10 ·"))).to_be_visible()
    click_face(tab, column=3, row=2, modifiers=["Shift"])
    expect(tab.get_by_text("12 faces chosen")).to_be_visible()
    expect(tab.locator("i.picked:visible")).to_have_count(12)
    box = grid(tab).bounding_box()

    def move(column: float, row: float, steps: int = 8) -> None:
        x = box["x"] + column * box["width"] / 9
        tab.mouse.move(x, box["y"] + row * box["height"] / 10, steps=steps)

    move(2.2, 3.2, steps=1)
    tab.mouse.down()
    for corner in ((4.8, 3.2), (4.8, 5.8), (2.2, 5.8), (2.2, 3.5)):
        move(*corner)
    tab.mouse.up()
    expect(tab.get_by_text("9 faces chosen")).to_be_visible()
    expect(tab.locator("i.picked:visible")).to_have_count(9)
    tab.keyboard.press("d")
    expect(tab.get_by_text("9 of 9 marked")).to_be_visible()
    dataset = open_dataset(stocked[1] / "synthetic_expression")
    inside = [9 * row + column for row in (3, 4, 5) for column in (2, 3, 4)]
    assert load_marks(dataset) == dict.fromkeys(inside, Mark("drop"))
    tab.keyboard.press("u")
    expect(tab.get_by_text("0 of 9 marked")).to_be_visible()
    assert load_marks(dataset) == {}
    click_face(tab, column=0, row=0)
    expect(tab.get_by_text(re.compile(r"^row 0 ·"))).to_be_visible()
    expect(tab.locator("i.picked:visible")).to_have_count(0)


def test_filter_and_page_are_in_the_address_and_narrow_the_grid(tab):
    open_grid(tab)
    expect(tab.get_by_text("140 faces", exact=True)).to_be_visible()
    tab.get_by_role("button", name="Page 2").click()
    expect(tab).to_have_url(re.compile("page=2"))
    expect(tab.get_by_text(re.compile(r"^row 90 ·"))).to_be_visible()
    tab.locator(".st-key-splits").get_by_text("validation").click()
    expect(tab.get_by_text("28 faces", exact=True)).to_be_visible()
    expect(tab).to_have_url(re.compile("splits=validation"))
    assert "page=" not in tab.url


def test_keys_mark_and_lead_on(tab, stocked):
    open_grid(tab, "&tab=Problems&kind=Unusual")
    expect(tab.get_by_text("0 of 140 decided")).to_be_visible()
    first = int(re.search(r"row (\d+)", tab.get_by_text(re.compile(r"^row \d+ ·")).inner_text())[1])
    tab.keyboard.press("d")
    expect(tab.get_by_text("1 of 140 decided")).to_be_visible()
    tab.keyboard.press("k")
    expect(tab.get_by_text("2 of 140 decided")).to_be_visible()
    marks = load_marks(open_dataset(stocked[1] / "synthetic_expression"))
    assert marks[first] == Mark("drop")
    assert sorted(mark.kind for mark in marks.values()) == ["drop", "keep"]


def draw_around_everything(tab, plot) -> None:
    plot.hover(position={"x": 5, "y": 5})  # waits until it keeps its place
    box = plot.bounding_box()
    path = [(0.05, 0.05), (0.95, 0.05), (0.95, 0.95), (0.05, 0.95), (0.05, 0.06)]
    tab.mouse.move(box["x"] + 0.05 * box["width"], box["y"] + 0.05 * box["height"])
    tab.mouse.down()
    for x, y in path[1:]:
        tab.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=12)
    tab.mouse.up()


def test_lasso_on_the_map_shows_its_faces_and_leads_to_browse(tab):
    tab.goto("/datasets?data=synthetic_expression&tab=Map")
    tab.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    for _ in range(4):  # a map that is drawn anew meanwhile forgets a line begun on the old one
        draw_around_everything(tab, tab.locator(".js-plotly-plot .nsewdrag").first)
        with suppress(AssertionError):
            expect(grid(tab)).to_be_visible(timeout=8_000)
            break
    expect(grid(tab)).to_be_visible()
    chosen = tab.get_by_text(re.compile(r"^\d+ faces$")).first.inner_text()
    assert 20 < int(chosen.split()[0]) <= FACES
    tab.get_by_role("button", name="Open in Browse").click()
    expect(tab.get_by_role("tab", name="Browse")).to_have_attribute("aria-selected", "true")
    browse = tab.get_by_role("tabpanel", name="Browse")
    expect(browse.get_by_text(f"Only the {chosen} chosen on the map")).to_be_visible()
    expect(browse.get_by_text(chosen, exact=True)).to_be_visible()


def test_tsne_is_computed_beside_the_app_and_appears(tab):
    tab.goto("/datasets?data=synthetic_expression&tab=Map")
    meanwhile = tab.get_by_text(re.compile("the map by PCA"))
    plot = tab.locator(".js-plotly-plot:visible")  # for a moment the old one stands beside the new
    expect(plot).to_have_count(1)
    expect(meanwhile).to_be_visible()
    tab.get_by_role("button", name="Compute it").click()
    expect(meanwhile).to_have_count(0, timeout=90_000)
    expect(plot).to_have_count(1)


def test_keypoints_are_named_under_the_pointer(tab):
    tab.goto("/datasets?data=synthetic_keypoints&face=7")
    expect(tab.locator(".ea-point")).to_have_count(15)
    point = tab.locator(".ea-point[data-tip='nose tip']")
    assert "nose tip" in tip_of(point)


def test_upload_is_imported_shown_and_deleted_again(tab, stocked, tmp_path):
    table = fer_csv(tmp_path / "zoo <b>.csv", [0, 1, 2, 3, 4, 5, 6] * 2, ["Training"] * 14)
    open_grid(tab)
    tab.get_by_role("button", name="Add").click()
    tab.locator("input[type=file]").first.set_input_files(str(table))
    expect(tab.get_by_text("zoo <b>.csv")).to_be_visible()
    tab.get_by_role("button", name="Import").first.click()
    expect(tab.get_by_text("14 images imported")).to_be_visible()
    expect(tab).to_have_url(re.compile("data=zoo"))
    expect(tab.get_by_text("14 faces", exact=True)).to_be_visible()
    tab.get_by_role("button", name="Delete").click()
    tab.get_by_role("button", name="Delete it for good").click()
    expect(tab.get_by_text("is deleted")).to_be_visible()
    assert sorted(path.name for path in stocked[1].iterdir() if path.is_dir()) == [
        "synthetic_expression",
        "synthetic_keypoints",
    ]


def test_phone_shows_nothing_wider_than_its_screen(new_tab, stocked):
    page = new_tab(stocked[0], 420, 860)
    for name in ("Browse", "Balance", "Augment", "Problems", "Map"):
        page.goto(f"/datasets?data=synthetic_expression&tab={name}")
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        page.wait_for_timeout(800)
        assert width_px(page) <= 420, name
