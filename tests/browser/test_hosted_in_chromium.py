"""A stranger's first visit to a freshly hosted dashboard: nothing imported, nothing may be changed,
and not even the disk takes anything but what is computed."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from emotion_ai.settings import ROOT
from tests.browser.conftest import running_app, see, wait_until_drawn, wait_until_it_fits
from tests.support.shipped_models import score_of, trained

#: Nobody can write there, root neither.
LOCKED = "/proc/emotion-ai"
#: What each page shows that has something to show.
SHOWN = {
    "": "What the machine says about this drawn face",
    "photo": "All readings: 5 faces",
    "live": "Your webcam, read as it runs",
    "datasets": "798 faces",
    "datasets?data=drawn_keypoints&tab=Keypoints": "No point is missing in any face",
    "datasets?data=drawn_expression&tab=Problems&kind=Suspect+labels": "Ten people disagree",
    "evaluate": "on drawn_expression test · 156 faces · crowd labels",
    "evaluate?model=keypoints": "on drawn_keypoints test · 78 faces",
    "learn": "Ten short chapters on how a machine reads a face",
    "train": "How the saved models were trained",
    "train?run=keypoints": f"finished after {trained('keypoints')}",
    "train?tab=Compare": "Scores on the same faces",
    "models": score_of("expression"),
    "models?tab=Served": "Photos are read here",
}
#: Where something is for editors, the page says so, and what anybody can do instead.
FOR_EDITORS = ("datasets", "train", "models", "models?tab=Served")
WAY_OUT = "installed on your own computer, Emotion AI lets you do everything"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosted")
    locked = dict.fromkeys(("DATA", "RUNS", "SEARCHES", "SERVING"), LOCKED)
    places = {f"EMOTION_AI_{name}": place for name, place in locked.items()}
    with running_app(
        folder,
        EMOTION_AI_ACCESS="read-only",
        EMOTION_AI_SHIPPED_DATA=ROOT / "data",
        EMOTION_AI_CACHE=folder / "cache",
        **places,
    ) as url:
        yield url


def test_every_page_shows_something_and_asks_nobody_else(hosted, new_tab):
    page, asked = new_tab(hosted, fresh=True), set()
    page.context.on("request", lambda request: asked.add(request.url))
    page.on("websocket", lambda socket: asked.add(socket.url))
    for path, shown in SHOWN.items():
        page.goto(f"/{path}")
        main = page.get_by_test_id("stMain")
        see(main.get_by_text(shown).first)
        wait_until_drawn(page)
        expect(main.get_by_test_id("stAlertContentError")).to_have_count(0)
        expect(main.get_by_text("There is no dataset here yet")).to_have_count(0)
        if path in FOR_EDITORS:
            see(main.get_by_text(WAY_OUT).first)
    assert len(asked) > 50
    here = urlsplit(hosted).netloc
    others = {url for url in asked if urlsplit(url).netloc not in ("", here)}
    assert {url for url in others if not url.startswith("blob:")} == set()


def test_on_a_phone_what_is_locked_says_so_too(hosted, new_tab):
    page = new_tab(hosted, width=390, height=844)
    page.goto("/train")
    see(page.get_by_test_id("stMain").get_by_text(WAY_OUT).first)
    wait_until_it_fits(page, 390)
