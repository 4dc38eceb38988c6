"""The Photo page as a visitor meets it: a file goes in, faces come out."""

import csv
import io

import pytest
from playwright.sync_api import Page, expect

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.labels import COORDINATE_COLUMNS, FER7
from emotion_ai.media.images import encode_png
from tests.browser.conftest import see, tip_of, wait_until_drawn, wait_until_it_fits


def upload(page: Page, *paths) -> None:
    page.goto("/photo")
    see(page.locator(".ea-picture img"))  # the drawn sample
    wait_until_drawn(page)
    page.locator("input[type=file][multiple]").set_input_files([str(path) for path in paths])


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "four <b>friends *drawn*.png"
    path.write_bytes(encode_png(draw_photo(3, 4)[0]))
    return path


def test_uploaded_photo_gives_cards_bars_table_and_csv(page, photo):
    upload(page, photo)
    expect(page.locator(".ea-card")).to_have_count(4)
    expect(page.locator(".ea-card").first.locator(".ea-bar")).to_have_count(7)
    expect(page.locator(".ea-point")).to_have_count(60)
    see(page.get_by_test_id("stDataFrame"))
    # The name is shown as it is and never becomes markup.
    see(page.get_by_text("four <b>friends *drawn*.png: 4 faces"))

    wait_until_drawn(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert len(rows) == 4
    assert all(row["file"] == photo.name for row in rows)
    for row in rows:
        assert row["expression"] in FER7.expressions
        assert all(0 <= float(row[column]) <= 1200 for column in COORDINATE_COLUMNS)

    with page.expect_download() as download:
        page.get_by_role("button", name="Picture (JPEG)").click()
    assert download.value.path().read_bytes()[:2] == b"\xff\xd8"


def test_address_of_a_page_opens_it_in_its_frame_on_a_new_server(new_app_url, new_tab):
    page = new_tab(new_app_url)
    page.goto("/photo")
    see(page.get_by_role("link", name="Home"))
    see(page.get_by_role("heading", name="Photo"))
    see(page.locator(".ea-point").first)
    see(page.get_by_text("An expression is not a feeling."))
    wait_until_drawn(page)
    page.get_by_text("One face").click()
    expect(page.locator(".ea-card")).to_have_count(1)
    page.wait_for_url("**sample=*")


def test_hover_names_the_point_and_layers_hide(page):
    page.goto("/photo?sample=One+face")
    expect(page.locator(".ea-point")).to_have_count(15)
    wait_until_drawn(page)
    point = page.locator(".ea-point[data-tip$='nose tip']")
    assert "nose tip" in tip_of(point)
    page.get_by_role("button", name="points", exact=True).click()
    expect(point).to_be_hidden()


def test_damaged_file_is_one_line_and_no_traceback(page, photo, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 not really")
    upload(page, broken, photo)
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    see(page.get_by_text("broken.jpg: expected a picture"))
    expect(page.locator(".ea-card")).to_have_count(4)
    wait_until_drawn(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_phone_shows_nothing_wider_than_its_screen(new_tab, app_url):
    page = new_tab(app_url, 420, 860)
    for path in ("/", "/photo"):
        page.goto(path)
        see(page.locator(".ea-picture img"))
        wait_until_it_fits(page, 420)


def test_home_leads_to_photo(page):
    page.goto("/")
    see(page.get_by_role("heading", name="See a face the way a machine does"))
    expect(page.locator(".ea-point")).to_have_count(15)
    see(page.get_by_text("An expression is not a feeling.").last)
    wait_until_drawn(page)
    page.get_by_role("link", name="Drop a photo").click()
    see(page.get_by_role("heading", name="Photo"))


@pytest.mark.shared
def test_the_beatles_are_four(page, shared_data):
    upload(page, shared_data / "photos" / "the_beatles.jpg")
    see(page.get_by_text("the_beatles.jpg: 4 faces"))
    expect(page.locator(".ea-card")).to_have_count(4)
