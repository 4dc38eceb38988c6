"""A dataset's own columns in a real Chromium: a filter by hand, a point that leads to its face."""

import re
from contextlib import suppress

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from emotion_ai.datasets.store import DatasetWriter
from tests.browser.conftest import running_app, see, wait_until_drawn, wait_until_it_fits

FACES = 70
MARKUP = "<img src=x onerror=alert(1)> **b** 年齢 😀"
#: The face that stands alone on the plane of valence and arousal, and where.
ALONE, PLACE = 7, (0.9, -0.9)


@pytest.fixture(scope="module")
def own_url(tmp_path_factory, drawn):
    """A dashboard with drawn faces that have columns of their own, and the same faces without."""
    folder = tmp_path_factory.mktemp("own")
    faces = drawn("expression", FACES, into=folder / "data")
    rows = faces.samples[["split", "source", "group", "expression"]].to_dict("records")
    rng = np.random.default_rng(0)
    with DatasetWriter(folder / "data" / "own", "expression", 48) as writer:
        for i, (image, row) in enumerate(zip(faces.images, rows, strict=True)):
            valence, arousal = PLACE if i == ALONE else rng.uniform(-0.9, 0.3, 2)
            row |= {"valence": valence, "arousal": arousal, "yaw": float(i - 35),
                    MARKUP: ["<b>one</b>", "two"][i % 2]}  # fmt: skip
            writer.add(np.asarray(image), row)
        writer.commit(writer.table())
    with running_app(folder, EMOTION_AI_CACHE=folder / "cache") as url:
        yield url


@pytest.fixture
def tab(new_tab, own_url):
    page = new_tab(own_url, height=1000, fresh=True)
    page.on("dialog", lambda dialog: pytest.fail(f"the page ran a script: {dialog.message}"))
    return page


def opened(page: Page, address: str) -> None:
    page.goto(f"/datasets?data=own{address}")
    wait_until_drawn(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_column_of_any_name_is_chosen_and_narrows_the_grid(tab):
    opened(tab, "")
    see(tab.get_by_text("70 faces", exact=True))
    tab.get_by_role("combobox", name=re.compile("Columns of the data")).click()
    tab.get_by_role("option", name=MARKUP).click()
    tab.keyboard.press("Escape")
    tab.get_by_role("combobox", name=re.compile("onerror")).click()
    tab.get_by_role("option", name="<b>one</b>").click()
    tab.keyboard.press("Escape")
    see(tab.get_by_text("35 faces", exact=True))
    expect(tab).to_have_url(re.compile("by=.*onerror"))
    url = tab.url
    tab.goto("about:blank")
    tab.goto(url)  # whoever gets the address sees the same
    see(tab.get_by_text("35 faces", exact=True))


def test_the_end_of_a_range_is_moved_by_key(tab):
    opened(tab, "&by=yaw")
    see(tab.get_by_text("70 faces", exact=True))
    tab.get_by_role("slider").first.press("ArrowRight")
    see(tab.get_by_text("69 faces", exact=True))


def test_a_click_on_a_point_leads_to_its_face(tab):
    opened(tab, "&tab=Scatter")
    plane = tab.locator(".js-plotly-plot:visible .nsewdrag")
    chosen = tab.get_by_text("1 face", exact=True)
    for _ in range(4):  # a picture that is drawn anew meanwhile forgets a click on the old one
        expect(plane).to_have_count(1)
        wait_until_drawn(tab)
        box = plane.bounding_box()
        x, y = ((place + 1.12) / 2.24 for place in PLACE)
        tab.mouse.click(box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"])
        with suppress(AssertionError):
            expect(chosen).to_have_count(1, timeout=20_000)
            break
    expect(chosen).to_have_count(1)
    wait_until_drawn(tab)
    tab.get_by_role("button", name="Open in Browse").click()
    expect(tab.get_by_text(re.compile(rf"^row {ALONE} ·"))).to_have_count(1)
    see(tab.get_by_text("Only the 1 face chosen before"))


def test_two_datasets_show_what_they_share_and_lead_to_it(tab):
    opened(tab, "&tab=Compare&beside=synthetic_expression")
    see(tab.get_by_text(re.compile("70 images of own stand in synthetic_expr")))
    see(tab.get_by_role("img", name=re.compile("own and synthetic.* share")))
    tab.get_by_role("button", name="Those of own in Browse").click()
    see(tab.get_by_text("Only the 70 faces chosen before"))


def test_phone_shows_nothing_wider_than_its_screen(new_tab, own_url):
    page = new_tab(own_url, 390, 860)
    for name, inside in (("Scatter", "Draw a line"), ("Compare", "How a model does on each")):
        page.goto(f"/datasets?data=own&tab={name}&beside=synthetic_expression")
        see(page.get_by_text(re.compile(inside)))
        wait_until_it_fits(page, 390)
