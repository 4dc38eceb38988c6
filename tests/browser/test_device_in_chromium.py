"""Reading in the browser, with a real Chromium whose camera is a file of drawn faces.

The pages are served as the app serves them (``app`` tests aside, without the app around them). What
they read must be what Python reads, and nothing of it may leave.
"""

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import sys
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.device.export import export_pages
from emotion_ai.device.files import prepare
from emotion_ai.faces.quality import quality_hints
from emotion_ai.labels import TRUTH_TITLES
from emotion_ai.media.images import decode_image, encode_png
from emotion_ai.reading.group import GroupTimeline
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.reading.table import COLUMNS
from emotion_ai.reading.tracking import Tracker
from emotion_ai.results import Expression, FaceBox, FaceReading
from tests.browser.conftest import (
    CHROMIUM_ARGUMENTS,
    TIMEOUT_MS,
    running_app,
    see,
    wait_until_drawn,
)
from tests.support.camera_file import chromium_with_camera, write_camera
from tests.support.device_server import device_server, device_settings, environment, serving

#: What a camera is asked for, and what comes.
SHAPE_AT_640 = """async () => {
  const stream = await (await import('./camera.mjs')).openSource('Camera', '640 pixels');
  const { width, height } = stream.getVideoTracks()[0].getSettings();
  stream.getTracks().forEach((track) => track.stop());
  return [width, height];
}"""
#: Reads photos in the page; each comes as base64, since the page may fetch from its server alone.
READ = """async (photos) => {
  const { Reader } = await import(new URL('reader.mjs', location));
  const reader = await new Reader(new URL('./', location).href).load();
  const answers = [];
  for (const text of photos) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const { readings, hints } = await reader.readPhoto(new Blob([bytes]), 'photo');
    answers.push({ hints, readings: readings.map(({ face, points, said }) => (
      { box: face.box, score: face.score, points: Array.from(points), said: Array.from(said) })) });
  }
  return answers;
}"""

#: Looks for faces in grey pictures of as many shapes; how many boxes came.
SHAPES = """async (shapes) => {
  const at = (name) => new URL(name, location).href;
  const [{ loadRuntime, Network }, { Detector, cells }, { fetchFile, fetchManifest }] =
    await Promise.all(['runtime.mjs', 'detect.mjs', 'files.mjs'].map((name) => import(at(name))));
  const base = at('./');
  const manifest = await fetchManifest(base);
  const content = await fetchFile(base, manifest.detector);
  const network = new Network(await loadRuntime(base, manifest, () => {}), content, cells);
  const detector = new Detector(network);
  let found = 0;
  for (const [width, height] of shapes) {
    const data = new Uint8Array(4 * width * height).fill(90);
    found += (await detector.detect({ data, width, height }, 1280)).length;
  }
  return [found, network.compiled.size];
}"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return device_settings(tmp_path_factory.mktemp("device"))


@pytest.fixture(scope="module")
def device_url(settings):
    with device_server(settings) as url:
        yield f"{url}/device/"


@pytest.fixture
def page(camera, device_url):
    context = camera.new_context(viewport={"width": 1400, "height": 900}, base_url=device_url)
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


def test_photos_of_many_shapes_do_not_fill_the_memory(page):
    page.goto("notice.html")
    shapes = [(1280, 1280 - 32 * i) for i in range(36)]  # kept compiled they would take over 2 GB
    assert page.evaluate(SHAPES, shapes) == [0, 3]


def open_gate(page: Page, address: str = "live.html") -> None:
    page.goto(address)
    page.locator("#agree").check()


def start(page: Page) -> None:
    page.locator("#start:enabled").click()
    expect(page.locator("#rates")).to_contain_text(re.compile(r"[1-9]\d* frames/s .* 1 face"))


def test_browser_and_python_read_the_same(page, settings):
    predictor = load_predictor(settings)
    photos = [
        draw_photo(7, 5, (1280, 800))[0],
        draw_photo(13, 1, (801, 603))[0],
        draw_photo(8, 24, (1600, 1000))[0],
        np.zeros((70, 50, 3), np.uint8),
    ]
    page.goto("notice.html")
    files = [encode_png(photo) for photo in photos]
    answers = page.evaluate(READ, [base64.b64encode(file).decode() for file in files])
    boxes, points, probabilities, first = [], [], [], []
    for photo, answer in zip(photos, answers, strict=True):
        readings = predictor.read(photo)
        assert len(answer["readings"]) == len(readings)
        grey = (photo @ np.array([0.114, 0.587, 0.299])).round().astype(np.uint8)
        assert [tuple(hints) for hints in answer["hints"]] == quality_hints(grey, readings)
        for reading, other in zip(readings, answer["readings"], strict=True):
            side_px = 1.02 * np.sqrt(np.prod(reading.face.size_wh))
            boxes.append(np.abs(np.subtract(other["box"], reading.face.box_xyxy)).max())
            apart = np.reshape(other["points"], (15, 2)) - reading.keypoints_px
            points.append(np.linalg.norm(apart, axis=1).mean() * 96 / side_px)
            said = reading.expression.probabilities
            probabilities.append(np.abs(np.subtract(other["said"], said)).mean())
            first.append(np.argmax(other["said"]) == np.argmax(said))
    assert len(boxes) >= 29
    assert max(boxes) < 0.1
    assert np.mean(points) < 0.1
    assert np.mean(probabilities) < 0.01
    assert np.mean(first) >= 0.96


def moving_faces(rng, frames: int):
    """For each frame its time and the boxes seen in it, of faces that move, vanish and cross."""
    places = rng.uniform(100, 500, (4, 2))
    speeds = rng.normal(0, 60, (4, 2))
    for i in range(frames):
        time_s = i / 12
        here = places + speeds * time_s
        seen = rng.random(4) > 0.2
        yield (
            time_s,
            [[x, y, x + 60 + 10 * k, y + 80 + 5 * k] for k, (x, y) in enumerate(here) if seen[k]],
        )


TRACK = """async (frames) => {
  const { Tracker } = await import(new URL('track.mjs', location));
  const tracker = new Tracker(0.5);
  return frames.map(([timeS, boxes, said]) => {
    tracker.detected(boxes.map((box) => ({ box, score: 1 })), timeS);
    for (const track of tracker.tracks) {
      const points = Array.from({ length: 30 }, (_, i) =>
        track.box.box[i % 2] + (i % 7) * 5 + Math.sin(timeS * 9 + i));
      const reading = { face: track.box, points, said };
      tracker.follow(track, reading);
      tracker.wasRead(track, reading, timeS);
    }
    return tracker.tracks.map(({ number, detections, reading }) =>
      [number, detections, ...reading.face.box, ...reading.points, ...reading.said]);
  });
}"""


def test_faces_are_told_apart_and_smoothed_as_in_python(page):
    rng = np.random.default_rng(3)
    frames = [
        (time_s, boxes, rng.dirichlet(np.ones(7)).tolist())
        for time_s, boxes in moving_faces(rng, 60)
    ]
    tracker, expected = Tracker(0.5), []
    labels = tuple("abcdefg")
    for time_s, boxes, said in frames:
        tracker.detected([FaceBox(tuple(box), 1.0) for box in boxes], time_s)
        for track in tracker.tracks:
            i = np.arange(30)
            corner = np.tile(track.box.box_xyxy[:2], 15)
            points = (corner + (i % 7) * 5 + np.sin(time_s * 9 + i)).reshape(15, 2)
            reading = FaceReading(track.box, points, Expression(labels, np.array(said)))
            tracker.follow(track, reading)
            tracker.was_read(track, reading, time_s)
        expected.append(
            [
                [
                    *(t.number, t.detections, *t.reading.face.box_xyxy),
                    *t.reading.keypoints_px.ravel(),
                    *t.reading.expression.probabilities,
                ]
                for t in tracker.tracks
            ]
        )
    page.goto("notice.html")
    answers = page.evaluate(TRACK, frames)
    assert max(row[0] for rows in expected for row in rows) > 4  # faces were lost and found
    for rows, other in zip(expected, answers, strict=True):
        assert len(rows) == len(other)
        if rows:
            np.testing.assert_allclose(other, rows, atol=0.01)


GROUP = """async ([labels, frames]) => {
  const { GroupTimeline } = await import(new URL('group.mjs', location));
  const { groupReport, groupTable } = await import(new URL('report.mjs', location));
  const timeline = new GroupTimeline(labels, 5);
  for (const [timeS, said] of frames) timeline.add(timeS, said);
  timeline.mark('  a <b>mark</b>,  "quoted" ', frames[0][0] + 2.2);
  timeline.fewest = 6; // which some seconds that counted so far have not
  const summary = timeline.summary();
  const colours = Object.fromEntries(labels.map((name) => [name, '#000000']));
  return [groupTable(summary), groupReport(summary, colours, 'notice'), summary.totals];
}"""


def test_a_groups_table_is_the_one_that_python_writes(page):
    rng = np.random.default_rng(4)
    labels = ("angry", "happy", "sad")
    frames = []
    for i in range(80):
        faces = int(rng.integers(0, 9)) if i > 30 else 5 + (i > 15)
        frames.append((100 + i / 8, rng.dirichlet(np.ones(3), faces).tolist()))
    timeline = GroupTimeline(labels, 5)
    for time_s, said in frames:
        timeline.add(time_s, [Expression(labels, np.array(row)) for row in said])
    timeline.mark('  a <b>mark</b>,  "quoted" ', frames[0][0] + 2.2)
    before = len(timeline.shares().dropna())
    timeline.fewest = 6
    assert 0 < len(timeline.shares().dropna()) < before
    page.goto("notice.html")
    table, report, totals = page.evaluate(GROUP, [labels, frames])

    def rows(text: str) -> list[list]:
        return [
            [float(v) if re.fullmatch(r"[\d.]+", v) else v for v in row]
            for row in csv.reader(io.StringIO(text))
        ]

    summary = timeline.summary()
    assert rows(table) == rows(summary.to_csv())
    assert any(row[1] == "" for row in rows(table))  # seconds with too few faces say nothing
    np.testing.assert_allclose(totals, list(summary.totals.values()))
    assert "a &#60;b&#62;mark" in report
    assert "<script" not in report


def test_nothing_is_sent_while_a_camera_runs_and_a_photo_is_read(camera, page):
    hits = []

    async def elsewhere(scope, receive, send):
        if scope["type"] == "http":
            hits.append(scope["path"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    requests = []
    page.context.on("request", lambda request: requests.append(request))
    open_gate(page)
    page.locator("#start:enabled").wait_for()
    loaded = len(requests)
    start(page)
    page.wait_for_timeout(3000)
    sent = [request for request in requests[loaded:] if not request.url.startswith("blob:")]
    # Pressing START asks whether the models have changed; then nothing.
    assert [request.url.rpartition("/")[2] for request in sent] == ["files.json"]
    page.goto("photo.html")
    page.locator("#files:enabled").wait_for()
    loaded = len(requests)
    photo = encode_png(draw_photo(7, 5, (1280, 800))[0])
    page.locator("#files").set_input_files({"name": "five.png", "mimeType": "", "buffer": photo})
    expect(page.locator("#caption")).to_have_text("five.png: 5 faces")
    assert [r.url for r in requests[loaded:] if not r.url.startswith("blob:")] == []
    origin = page.url.rpartition("/device/")[0]
    for request in requests:
        assert request.post_data_buffer is None
        assert request.method == "GET"
        assert request.url.startswith((origin, f"blob:{origin}")), request.url
    # Not by chance: the browser refuses, to the page as to its reader.
    with serving(elsewhere) as other:
        send = f"""async () => {{
            try {{ await fetch('{other}/stolen', {{ mode: 'no-cors' }}); return 'sent'; }}
            catch {{ return 'refused'; }} }}"""
        assert page.evaluate(send) == "refused"
        assert [worker.evaluate(send) for worker in page.workers] == ["refused"]
    assert hits == []


def test_nothing_runs_before_consent(page):
    page.add_init_script(
        """const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wish) => ask(window.asked = wish);"""
    )
    page.goto("live.html")
    for words in ("Nothing leaves this device", "not a feeling", "2024/1689, Art. 5(1)(f)"):
        expect(page.locator("#consent")).to_contain_text(words)
    expect(page.locator("#start")).to_be_hidden()
    page.locator("#agree").check()
    expect(page.locator("#consent")).to_be_hidden()
    start(page)
    asked = page.evaluate("() => window.asked")
    assert asked["audio"] is False
    assert asked["video"]["width"] == {"ideal": 640}


#: How many pixels of the overlay are drawn on.
DRAWN = """(() => { const c = document.querySelector('#overlay');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })()"""
#: Whether the sentence names the expression whose bar is the longest.
NAMED = """() => { const first = document.querySelector('#bars .first span').textContent;
  return first && document.querySelector('#said').textContent.includes(first); }"""


def test_a_face_becomes_lines_bars_and_files(page):
    open_gate(page)
    start(page)
    expect(page.locator("#bars .bar")).to_have_count(7)
    page.wait_for_function(NAMED)
    with page.expect_download() as download:
        page.get_by_role("button", name="Snapshot").click()
    taken = decode_image(download.value.path().read_bytes())
    assert taken.shape == (480, 640, 3)
    page.wait_for_function(f"() => {DRAWN} > 0")
    for layer in ("boxes", "points", "names"):
        page.get_by_label(layer, exact=True).uncheck()
    page.wait_for_function(f"() => {DRAWN} === 0")
    page.get_by_label("Pause").check()
    expect(page.locator("#rates")).to_contain_text("paused ·")
    page.get_by_role("button", name="STOP").click()
    expect(page.locator("#rates")).to_contain_text("Press START")
    expect(page.locator("#said")).to_contain_text("appears here as soon as the camera runs")
    expect(page.locator("#bars .bar")).to_have_count(0)
    start(page)  # and once more


def test_a_start_that_fails_leaves_no_camera_on(page):
    page.add_init_script("""const play = HTMLMediaElement.prototype.play; let first = true;
      HTMLMediaElement.prototype.play = function () {
        if (!first) return play.call(this);
        first = false;
        window.opened = this.srcObject.getTracks();
        return Promise.reject(new Error('no picture came'));
      };""")
    open_gate(page)
    expect(page.get_by_label("Pause")).to_be_disabled()
    page.locator("#start:enabled").click()
    see(page.get_by_text("no picture came"))
    assert page.evaluate("window.opened.map((track) => track.readyState)") == ["ended"]
    start(page)


def test_another_name_is_told_to_those_who_hear_the_page_and_rates_are_not(page):
    open_gate(page)
    start(page)
    expect(page.locator("#told")).to_have_text(re.compile(r"^\w+$"))
    assert page.locator("#told").get_attribute("aria-live") == "polite"
    spoken = page.locator("[role=status], [role=alert], [aria-live]")
    assert not spoken.filter(has_text="frames/s").count()


def test_a_group_stays_unmarked_while_its_method_is_read(page):
    open_gate(page, "live.html?view=Group")
    start(page)
    page.locator("#picture").uncheck()
    page.get_by_role("link", name="How to check").click()
    expect(page.get_by_role("tab", name="How it works")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#live")).to_have_class("columns grouped no-picture")
    expect(page.locator("#layers")).to_be_hidden()
    said = page.locator("#rates").inner_text()
    expect(page.locator("#rates")).not_to_have_text(said)
    assert page.evaluate(DRAWN) == 0
    page.get_by_role("tab", name="My face").click()
    page.wait_for_function(f"() => {DRAWN} > 0")


def test_a_line_stays_while_pictures_come_and_that_of_no_pictures_goes_with_the_next(page):
    open_gate(page)
    start(page)
    page.evaluate("async () => (await import('./page.mjs')).say('a line')")
    for _ in range(3):
        said = page.locator("#rates").inner_text()
        expect(page.locator("#rates")).not_to_have_text(said)
    expect(page.locator("#trouble")).to_have_text("a line")
    page.evaluate("() => document.querySelector('#video').srcObject.getTracks()[0].stop()")
    expect(page.locator("#trouble")).to_contain_text("The picture has stopped coming")
    page.evaluate(
        """async () => { const video = document.querySelector('#video');
        video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
        await video.play(); }"""
    )
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_camera_that_was_replaced_by_another_starts(page):
    open_gate(page)
    start(page)
    page.get_by_role("button", name="Stop").click()
    page.evaluate(
        """() => {
        const devices = navigator.mediaDevices;
        const ask = devices.getUserMedia.bind(devices);
        devices.getUserMedia = async (wish) => {
          if (wish.video.deviceId) throw new DOMException('gone', 'NotFoundError');
          return ask(wish);
        };
        const camera = (deviceId) => ({ kind: 'videoinput', label: deviceId, deviceId });
        devices.enumerateDevices = async () => [camera('new one'), camera('other one')];
        devices.dispatchEvent(new Event('devicechange')); }"""
    )
    expect(page.locator("#camera option")).to_have_count(2)
    start(page)
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_group_below_the_minimum_says_nothing_and_its_session_ends_in_files(page):
    open_gate(page, "live.html?view=Group")
    page.locator("#start:enabled").click()
    expect(page.locator("#group-said")).to_contain_text("1 face: too few to count")
    expect(page.locator("#layers")).to_be_hidden()
    expect(page.get_by_role("button", name="Snapshot")).to_be_hidden()
    page.locator("#fewest").fill("1")
    page.locator("#fewest").blur()
    expect(page.locator("#fewest")).to_have_value("3")
    assert page.evaluate(DRAWN) == 0
    page.get_by_label("Marker").fill("explained <b>recursion</b>")
    page.get_by_role("button", name="Set").click()
    page.get_by_role("button", name="End session").click()
    expect(page.locator("#summary-said")).to_contain_text(re.compile(r"Session of \d:\d\d "))
    expect(page.locator("#summary-totals")).to_contain_text("nothing was counted")
    assert page.evaluate("() => document.querySelector('#video').srcObject") is None
    page.get_by_role("tab", name="My face").click()
    expect(page.locator("#rates")).to_have_text("The session has ended and the camera is off.")
    expect(page.locator("#start")).to_be_disabled()
    page.get_by_role("tab", name="Group").click()
    with page.expect_download() as table:
        page.get_by_role("button", name="Table (CSV)").click()
    text = table.value.path().read_text()
    assert text.startswith("time_s,faces,angry,")
    assert "explained <b>recursion</b>" in text
    with page.expect_download() as report:
        page.get_by_role("button", name="Report (HTML)").click()
    assert "explained &#60;b&#62;recursion" in report.value.path().read_text()
    page.get_by_role("button", name="New session").click()
    expect(page.locator("#start")).to_be_enabled()
    expect(page.locator("#rates")).to_contain_text("Press START")


def test_a_room_is_counted_and_no_face_is_marked(browser, device_url, tmp_path):
    path = write_camera(tmp_path / "room.mjpeg", draw_photo(8, 12, (1280, 720))[0])
    chromium = chromium_with_camera(browser, path, CHROMIUM_ARGUMENTS)
    page = chromium.new_page(base_url=device_url)
    page.set_default_timeout(TIMEOUT_MS)
    open_gate(page, "live.html?view=Group&size=1280+pixels")
    page.locator("#start:enabled").click()
    expect(page.locator("#group-said")).to_have_text("12 faces")
    page.wait_for_function("() => document.querySelectorAll('#group-stream path').length > 0")
    assert page.evaluate(DRAWN) == 0
    assert page.evaluate("() => document.querySelector('#video').videoWidth") == 1280
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#group-said")).to_contain_text("grows here as soon as the camera runs")
    assert page.evaluate(SHAPE_AT_640) == [640, 360]  # the camera's own: nobody is cut off
    chromium.close()


def test_choices_worth_sharing_stand_in_the_address(page):
    open_gate(page)
    page.get_by_role("tab", name="Group").click()
    page.locator("#size").select_option("320 pixels")
    page.wait_for_url("**/live.html?view=Group&size=320+pixels")
    page.get_by_label("Named as").select_option("given")
    named = urlencode({"live_head": TRUTH_TITLES["given"]})
    page.wait_for_url(f"**/live.html?view=Group&size=320+pixels&{named}")
    shared = page.url
    page.goto("notice.html")
    open_gate(page, shared)
    expect(page.get_by_role("tab", name="Group")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#size")).to_have_value("320 pixels")
    expect(page.get_by_label("Named as")).to_have_value("given")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "No camera: none was found. Plug one in"),
        (
            ("--use-fake-device-for-media-stream", "--deny-permission-prompts"),
            "Not allowed: click the camera or lock sign",
        ),
    ],
)
def test_camera_that_is_missing_or_refused_is_said_with_its_remedy(
    browser, device_url, arguments, said
):
    chromium = browser.browser_type.launch(
        executable_path=shutil.which("chromium"), args=[*CHROMIUM_ARGUMENTS, *arguments]
    )
    page = chromium.new_page(base_url=device_url)
    page.set_default_timeout(TIMEOUT_MS)
    open_gate(page)
    page.locator("#start:enabled").click()
    expect(page.locator("#trouble")).to_contain_text(said)
    expect(page.locator("#start")).to_be_enabled()
    chromium.close()


def test_camera_that_is_unplugged_is_said_in_words(page):
    open_gate(page)
    start(page)
    page.evaluate(
        """() => document.querySelector('#video').srcObject.getVideoTracks()[0]
        .dispatchEvent(new Event('ended'))"""
    )
    expect(page.locator("#trouble")).to_contain_text("The camera was unplugged")
    start(page)
    expect(page.locator("#trouble")).to_be_hidden()


def test_camera_that_stops_sending_is_said_in_words(page):
    open_gate(page)
    start(page)
    page.evaluate("() => document.querySelector('#video').srcObject.getTracks()[0].stop()")
    expect(page.locator("#trouble")).to_contain_text("The picture has stopped coming")


def shortened(route) -> None:
    response = route.fetch()
    route.fulfill(response=response, body=response.body()[: len(response.body()) // 2])


@pytest.mark.parametrize(
    ("file", "broken", "said"),
    [
        ("*.expression.tflite.gz", shortened, "expression.tflite.gz came cut off or damaged"),
        ("*.litert_relaxed.wasm.gz", shortened, "litert_relaxed.wasm.gz came cut off or damaged"),
        ("*.yunet.tflite.gz", lambda route: route.abort(), "could not be fetched"),
        ("*.keypoints.tflite.gz", lambda route: route.fulfill(status=404), "is missing"),
    ],
)
def test_files_that_come_broken_are_said_in_a_line(page, file, broken, said):
    page.route(f"**/files/{file}", broken)
    open_gate(page)
    expect(page.locator("#trouble")).to_contain_text(said)
    expect(page.locator("#start")).to_be_disabled()


def test_files_of_another_version_are_said_in_a_line(page, settings):
    manifest = {**prepare(settings).manifest, "format": 2}
    page.route("**/files.json", lambda route: route.fulfill(body=json.dumps(manifest)))
    open_gate(page)
    expect(page.locator("#trouble")).to_contain_text("of different versions. Reload")


def test_a_browser_without_what_is_needed_is_told_so(page):
    # The reader's own thread is asked; there the test can change nothing but what it imports.
    def older(route) -> None:
        body = route.fetch().text()
        route.fulfill(
            body="WebAssembly.validate = () => false;\n" + body, content_type="text/javascript"
        )

    page.route("**/worker.mjs", older)
    open_gate(page)
    expect(page.locator("#trouble")).to_contain_text("lacks Wasm SIMD")


def test_without_relaxed_simd_the_other_code_reads_as_well(page, settings):
    def older(route) -> None:
        body = route.fetch().text()
        assert "supportsFeature" in body
        body = body.replace('await supportsFeature("relaxedSimd")', "false")
        route.fulfill(body=body, content_type="text/javascript")

    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.route("**/files/*.litert.mjs", older)
    open_gate(page)
    start(page)
    assert any("litert_compat.wasm" in url for url in asked)
    assert not any("litert_relaxed.wasm" in url for url in asked)


@pytest.mark.parametrize("lost", [False, True], ids=["all there", "its code is missing"])
def test_alone_in_its_tab_the_page_reads_with_threads_where_it_can(page, settings, lost):
    if "threaded" not in prepare(settings).manifest["runtime"]:
        pytest.skip("the local copy of the runtime has no code for threads")
    started = []
    page.on("worker", lambda worker: started.append(worker.url))
    if lost:
        page.route("**/*.litert_threaded.wasm.gz", lambda route: route.fulfill(status=404))
    picture = draw_photo(12, 2, (640, 480))[0]
    page.goto("notice.html")
    assert page.evaluate("crossOriginIsolated")
    (answer,) = page.evaluate(READ, [base64.b64encode(encode_png(picture)).decode()])
    expected = load_predictor(settings).read(picture)
    assert len(answer["readings"]) == len(expected) == 2
    for found, reading in zip(answer["readings"], expected, strict=True):
        np.testing.assert_allclose(found["said"], reading.expression.probabilities, atol=0.01)
    assert len(started) > 1  # the reader, and a thread of its at least


def test_a_photo_becomes_cards_a_table_and_a_picture(page, settings):
    page.goto("photo.html")
    page.locator("#files:enabled").wait_for()
    photos = {
        "five.png": draw_photo(7, 5, (1280, 800))[0],
        "one.png": draw_photo(13, 1, (800, 800))[0],
    }
    files = [{"name": n, "mimeType": "", "buffer": encode_png(p)} for n, p in photos.items()]
    files.append({"name": "<b>notes</b>.txt", "mimeType": "", "buffer": b"no picture"})
    page.locator("#files").set_input_files(files)
    expect(page.locator("#caption")).to_have_text("five.png: 5 faces")
    expect(page.locator("#failures")).to_contain_text("<b>notes</b>.txt: expected a picture")
    expect(page.locator("#cards .face")).to_have_count(5)
    page.locator("#sheet button").nth(1).click()
    expect(page.locator("#cards .face")).to_have_count(1)
    with page.expect_download() as table:
        page.get_by_role("button", name="Table (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(table.value.path().read_text())))
    assert [(row["file"], row["face"]) for row in rows[4:]] == [("five.png", "5"), ("one.png", "1")]
    reading = load_predictor(settings).read(photos["one.png"])[0].as_row()
    assert tuple(rows[5]) == COLUMNS
    assert rows[5]["expression"] == reading["expression"]
    assert float(rows[5]["nose_tip_x"]) == pytest.approx(reading["nose_tip_x"], abs=0.1)
    with page.expect_download() as picture:
        page.get_by_role("button", name="Picture (JPEG)").click()
    assert decode_image(picture.value.path().read_bytes()).shape == (800, 800, 3)


#: Two pictures of a size one after the other: the opacities of what is taken of the second.
TAKEN = """async ([full, half]) => {
  const { takePixels } = await import('./frames.mjs');
  const bitmap = async (text) =>
    createImageBitmap(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]));
  await takePixels(await bitmap(full));
  return [...new Set((await takePixels(await bitmap(half))).data.filter((_, i) => i % 4 === 3))];
}"""


def test_nothing_of_the_photo_before_shines_through_a_transparent_one(page):
    page.goto("photo.html")
    page.locator("#files:enabled").wait_for()
    full = encode_png(np.full((48, 64, 3), 255, np.uint8))
    half = encode_png(np.full((48, 64, 4), 100, np.uint8))
    files = [base64.b64encode(file).decode() for file in (full, half)]
    assert page.evaluate(TAKEN, files) == [100]
    photos = {"full.png": full, "half.png": half}
    page.locator("#files").set_input_files(
        [{"name": n, "mimeType": "", "buffer": p} for n, p in photos.items()]
    )
    expect(page.locator("#caption")).to_have_text("full.png: 0 faces")
    second = page.locator("#sheet button").nth(1)
    second.press("Enter")
    expect(page.locator("#caption")).to_have_text("half.png: 0 faces")
    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-pressed", "true")
    page.locator("#layers input").first.uncheck()  # drawn anew
    opacity = """() => document.querySelector('#canvas').getContext('2d')
        .getImageData(9, 9, 1, 1).data[3]"""
    assert page.evaluate(opacity) == 100


def test_photos_are_read_anew_when_named_by_another_s_word(page, settings):
    predictor = load_predictor(settings)
    photo = draw_photo(7, 5, (1280, 800))[0]
    page.goto("photo.html")
    page.locator("#files:enabled").wait_for()
    page.locator("#files").set_input_files(
        {"name": "five.png", "mimeType": "", "buffer": encode_png(photo)}
    )
    expect(page.locator("#cards .face")).to_have_count(5)
    first, other = predictor.models["expression"].heads
    for truth in (first, other):
        page.get_by_label("Named as").select_option(truth)
        expect(page.locator("#loading")).to_be_hidden()
        with page.expect_download() as table:
            page.get_by_role("button", name="Table (CSV)").click()
        rows = list(csv.DictReader(io.StringIO(table.value.path().read_text())))
        said = [float(row["p_happy"]) for row in rows]
        expected = predictor.answering(truth).read(photo)
        assert {row["named_as"] for row in rows} == {truth}
        happy = [reading.expression.as_dict()["happy"] for reading in expected]
        assert said == pytest.approx(happy, abs=0.05)
    page.wait_for_url(f"**/photo.html?{urlencode({'head': TRUTH_TITLES[other]})}")
    page.reload()
    expect(page.get_by_label("Named as")).to_have_value(other)


def test_a_film_is_told_where_it_is_read_and_takes_no_photo_away(page, settings):
    page.goto("photo.html")
    page.locator("#files:enabled").wait_for()
    photo = encode_png(draw_photo(7, 5, (1280, 800))[0])
    page.locator("#files").set_input_files(
        {"name": "five.png", "mimeType": "image/png", "buffer": photo}
    )
    expect(page.locator("#cards .face")).to_have_count(5)
    page.locator("#files").set_input_files(
        {"name": "clip.mp4", "mimeType": "video/mp4", "buffer": b"film"}
    )
    see(page.get_by_text("clip.mp4: films are read by the dashboard's server"))
    expect(page.locator("#cards .face")).to_have_count(5)
    other = load_predictor(settings).models["expression"].heads[1]
    page.get_by_label("Named as").select_option(other)  # the photos are read anew, not the film
    expect(page.get_by_text("films are read by")).to_have_count(0)
    expect(page.locator("#readings")).to_contain_text(other)


def test_exported_folder_reads_with_its_server_gone(camera, settings, tmp_path):
    export_pages(settings, tmp_path / "site")
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    server = subprocess.Popen(
        command, cwd=tmp_path / "site", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        port = re.search(r"port (\d+)", server.stdout.readline())[1]
        context = camera.new_context(base_url=f"http://localhost:{port}/")
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        open_gate(page)
        start(page)
        page.wait_for_function("() => navigator.serviceWorker.controller")
        kept = "async () => (await (await caches.open((await caches.keys())[0])).keys()).length"
        listed = json.loads((tmp_path / "site" / "offline.json").read_text())["files"]
        assert page.evaluate(kept) >= len(listed)
    finally:
        server.terminate()
        server.wait(20)
    for address in ("live.html?view=My+face", "live.html"):
        open_gate(page, address)
        start(page)
    page.goto("photo.html")
    page.locator("#files:enabled").wait_for()
    photo = encode_png(draw_photo(13, 1, (800, 800))[0])
    page.locator("#files").set_input_files({"name": "one.png", "mimeType": "", "buffer": photo})
    expect(page.locator("#caption")).to_have_text("one.png: 1 face")
    context.close()


@pytest.fixture(scope="module")
def served_app(settings, tmp_path_factory):
    """A dashboard that is served to others."""
    given = environment(settings) | {"EMOTION_AI_ACCESS": "read-only"}
    with running_app(tmp_path_factory.mktemp("app"), **given) as url:
        yield url


@pytest.mark.parametrize("size", [(1400, 900), (390, 844)])
def test_served_to_others_the_device_reads_within_two_clicks(camera, served_app, size):
    width, height = size
    context = camera.new_context(viewport={"width": width, "height": height}, base_url=served_app)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto("/")  # a new server draws its first page twice
    see(page.get_by_role("heading", name="See a face"))
    wait_until_drawn(page)
    page.goto("/live")
    inside = page.frame_locator("iframe[src*='/device/live.html']")
    inside.locator("#agree").check()
    inside.locator("#start:enabled").click()
    expect(inside.locator("#rates")).to_contain_text("1 face")
    assert page.locator("iframe[title*='webrtc']").count() == 0
    inside.get_by_role("tab", name="Group").click()
    page.wait_for_url("**/live?view=Group")
    frame = page.locator("iframe[src*='/device/live.html']")
    see(frame)
    page.wait_for_function(
        """() => { const frame = document.querySelector('iframe[src*="device"]');
        const { scrollHeight, scrollWidth } = frame.contentDocument.body;
        return scrollHeight <= frame.clientHeight && scrollWidth <= frame.clientWidth; }"""
    )
    context.close()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_inside_the_app_the_page_follows_its_theme_and_choices_without_loading_anew(
    camera, served_app, theme
):
    other = "Dark" if theme == "Light" else "Light"  # as the system has it
    page = camera.new_page(base_url=served_app, color_scheme=other.lower())
    page.set_default_timeout(TIMEOUT_MS)
    page.goto("/live?view=Group&size=1280+pixels&smoothing=1.5")
    inside = page.frame_locator("iframe[title='Live, on this device']")
    inside.locator("#agree").check()
    expect(inside.get_by_role("tab", name="Group")).to_have_attribute("aria-selected", "true")
    expect(inside.locator("#size")).to_have_value("1280 pixels")
    expect(inside.locator("#smoothing")).to_have_value("1.5")
    grounds = {"Light": "rgb(252, 252, 254)", "Dark": "rgb(20, 22, 29)"}
    expect(inside.locator("body")).to_have_css("background-color", grounds[other])
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_role("menuitemradio", name=theme).click()
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", grounds[theme])
    expect(inside.locator("body")).to_have_css("background-color", grounds[theme])
    expect(inside.locator("#agree")).to_be_checked()
    page.close()


def test_a_screen_is_read_on_the_device_inside_the_app_too(camera, served_app):
    page = camera.new_page(base_url=served_app)
    page.set_default_timeout(TIMEOUT_MS)
    page.goto("/live?source=Screen+or+window")
    inside = page.frame_locator("iframe[src*='/device/live.html']")
    inside.locator("#agree").check()
    expect(inside.locator("#source")).to_have_value("Screen or window")
    inside.locator("#start:enabled").click()
    expect(inside.locator("#rates")).to_contain_text(re.compile(r"[1-9]\d* frames/s .* 0 faces"))
    page.close()


def test_photo_page_reads_on_the_device_when_asked(camera, served_app):
    page = camera.new_page(base_url=served_app)
    page.set_default_timeout(TIMEOUT_MS)
    named = urlencode({"head": TRUTH_TITLES["given"]})  # as the dashboard's own choice writes it
    page.goto(f"/photo?read_on=this+device&{named}")
    inside = page.frame_locator("iframe[src*='/device/photo.html']")
    inside.locator("#files:enabled").wait_for()
    expect(inside.get_by_label("Named as")).to_have_value("given")
    photo = encode_png(draw_photo(7, 5, (1280, 800))[0])
    inside.locator("#files").set_input_files({"name": "5.png", "mimeType": "", "buffer": photo})
    expect(inside.locator("#caption")).to_have_text("5.png: 5 faces")
    page.close()
