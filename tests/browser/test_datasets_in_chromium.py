"""The Datasets page in a real Chromium: the grid, a click, keys, a lasso, an import."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect

from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.marks import Mark, load_marks
from tests.browser.conftest import (
    running_app,
    see,
    tip_of,
    wait_until_drawn,
    wait_until_it_fits,
)
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
    see(grid(page))  # the first one waits for a cold server
    wait_until_drawn(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def grid(page: Page):
    return page.get_by_role("listbox", name=re.compile("faces; click one")).locator("img")


def chosen(page: Page, row: int):
    """What is said of the face that is shown closely."""
    return page.get_by_text(re.compile(f"^row {row} ·"))


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
    see(chosen(tab, 22))
    expect(tab).to_have_url(re.compile("face=22"))
    see(tab.get_by_role("img", name="The chosen face"))
    wait_until_drawn(tab)
    tab.keyboard.press("ArrowDown")  # the grid has the focus: a row further
    see(chosen(tab, 31))
    expect(tab).to_have_url(re.compile("face=31"))
    # Whoever gets the address sees the same.
    url = tab.url
    tab.goto("about:blank")
    tab.goto(url)
    see(chosen(tab, 31))


def test_shift_and_a_drawn_line_choose_several_and_a_key_marks_them_all(tab, stocked):
    open_grid(tab)
    click_face(tab, column=1, row=1)
    see(chosen(tab, 10))
    wait_until_drawn(tab)
    click_face(tab, column=3, row=2, modifiers=["Shift"])
    see(tab.get_by_text("12 faces chosen"))
    expect(tab.locator("i.picked:visible")).to_have_count(12)
    wait_until_drawn(tab)
    grid(tab).scroll_into_view_if_needed()
    box = grid(tab).bounding_box()

    def move(column: float, row: float, steps: int = 8) -> None:
        x = box["x"] + column * box["width"] / 9
        tab.mouse.move(x, box["y"] + row * box["height"] / 10, steps=steps)

    move(2.2, 3.2, steps=1)
    tab.mouse.down()
    for corner in ((4.8, 3.2), (4.8, 5.8), (2.2, 5.8), (2.2, 3.5)):
        move(*corner)
    tab.mouse.up()
    see(tab.get_by_text("9 faces chosen"))
    expect(tab.locator("i.picked:visible")).to_have_count(9)
    wait_until_drawn(tab)
    tab.keyboard.press("d")
    see(tab.get_by_text("9 of 9 marked"))
    dataset = open_dataset(stocked[1] / "synthetic_expression")
    inside = [9 * row + column for row in (3, 4, 5) for column in (2, 3, 4)]
    assert load_marks(dataset) == dict.fromkeys(inside, Mark("drop"))
    wait_until_drawn(tab)
    tab.keyboard.press("u")
    see(tab.get_by_text("0 of 9 marked"))
    assert load_marks(dataset) == {}
    wait_until_drawn(tab)
    click_face(tab, column=0, row=0)
    see(chosen(tab, 0))
    expect(tab.locator("i.picked:visible")).to_have_count(0)


def test_filter_and_page_are_in_the_address_and_narrow_the_grid(tab):
    open_grid(tab)
    see(tab.get_by_text("140 faces", exact=True))
    tab.get_by_role("button", name="Page 2").click()
    expect(tab).to_have_url(re.compile("page=2"))
    see(chosen(tab, 90))
    wait_until_drawn(tab)
    tab.locator(".st-key-splits").get_by_text("validation").click()
    see(tab.get_by_text("28 faces", exact=True))
    expect(tab).to_have_url(re.compile("splits=validation"))
    expect(tab).not_to_have_url(re.compile("page="))


def test_keys_mark_and_lead_on(tab, stocked):
    open_grid(tab, "&tab=Problems&kind=Unusual")
    see(tab.get_by_text("0 of 20 decided"))
    wait_until_drawn(tab)
    first = int(re.search(r"row (\d+)", tab.get_by_text(re.compile(r"^row \d+ ·")).inner_text())[1])
    tab.keyboard.press("d")
    see(tab.get_by_text("1 of 20 decided"))
    wait_until_drawn(tab)
    tab.keyboard.press("k")
    see(tab.get_by_text("2 of 20 decided"))
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
    plot = tab.locator(".js-plotly-plot .nsewdrag:visible")
    for _ in range(4):  # a map that is drawn anew meanwhile forgets a line begun on the old one
        expect(plot).to_have_count(1)
        wait_until_drawn(tab)
        draw_around_everything(tab, plot)
        with suppress(AssertionError):
            see(grid(tab), timeout=20_000)
            break
    see(grid(tab))
    wait_until_drawn(tab)
    lassoed = tab.get_by_role("tabpanel", name="Map").get_by_text(re.compile(r"^\d+ faces$"))
    lassoed = lassoed.inner_text()
    assert 20 < int(lassoed.split()[0]) <= FACES
    tab.get_by_role("button", name="Open in Browse").click()
    expect(tab.get_by_role("tab", name="Browse")).to_have_attribute("aria-selected", "true")
    browse = tab.get_by_role("tabpanel", name="Browse")
    see(browse.get_by_text(f"Only the {lassoed} chosen before"))
    see(browse.get_by_text(lassoed, exact=True))


def test_tsne_is_computed_beside_the_app_and_appears(tab):
    tab.goto("/datasets?data=synthetic_expression&tab=Map")
    meanwhile = tab.get_by_text(re.compile("the map by PCA"))
    plot = tab.locator(".js-plotly-plot:visible")  # for a moment the old one stands beside the new
    expect(plot).to_have_count(1)
    see(meanwhile)
    wait_until_drawn(tab)
    tab.get_by_role("button", name="Compute it").click()
    expect(meanwhile).to_have_count(0)
    expect(plot).to_have_count(1)


def test_keypoints_are_named_under_the_pointer(tab):
    tab.goto("/datasets?data=synthetic_keypoints&face=7")
    expect(tab.locator(".ea-point")).to_have_count(15)
    wait_until_drawn(tab)
    point = tab.locator(".ea-point[data-tip='nose tip']")
    assert "nose tip" in tip_of(point)


def test_upload_is_imported_shown_and_deleted_again(tab, stocked, tmp_path):
    table = fer_csv(tmp_path / "zoo <b>.csv", [0, 1, 2, 3, 4, 5, 6] * 2, ["Training"] * 14)
    open_grid(tab)
    tab.get_by_role("button", name="Add").click()
    tab.locator("input[type=file]").first.set_input_files(str(table))
    see(tab.get_by_text("zoo <b>.csv"))
    wait_until_drawn(tab)
    tab.get_by_role("button", name="Import").first.click()
    see(tab.get_by_text("14 images imported"))
    expect(tab).to_have_url(re.compile("data=zoo"))
    see(tab.get_by_text("14 faces", exact=True))
    wait_until_drawn(tab)
    tab.get_by_role("button", name="Delete").click()
    tab.get_by_role("button", name="Delete it for good").click()
    see(tab.get_by_text("is deleted"))
    assert sorted(path.name for path in stocked[1].iterdir() if path.is_dir()) == [
        "synthetic_expression",
        "synthetic_keypoints",
    ]


def test_phone_shows_nothing_wider_than_its_screen(new_tab, stocked):
    page = new_tab(stocked[0], 420, 860)
    for name in ("Browse", "Balance", "Augment", "Problems", "Map"):
        page.goto(f"/datasets?data=synthetic_expression&tab={name}")
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        panel = page.get_by_role("tabpanel", name=name)
        expect(panel.get_by_test_id("stElementContainer")).not_to_have_count(0)
        wait_until_it_fits(page, 420)
