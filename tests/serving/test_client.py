"""The REST client: TensorFlow Serving's documented words, faults of all kinds, the fall-back.

Quoted requests and replies are those of https://www.tensorflow.org/tfx/serving/api_rest.
"""

import base64
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from emotion_ai.access import permissions
from emotion_ai.cli.program import main
from emotion_ai.datasets.drawn.synthetic import draw_faces, draw_photo
from emotion_ai.errors import AccessError, ServingError
from emotion_ai.faces.detection import load_detector
from emotion_ai.media.images import encode_png
from emotion_ai.models.store import DEFAULTS, open_model
from emotion_ai.reading.predictor import Predictor
from emotion_ai.results import FaceBox
from emotion_ai.serving import network as served
from emotion_ai.serving import wire
from emotion_ai.serving.address import choose_server, serving_url
from emotion_ai.serving.client import (
    MAX_FACES,
    MAX_REPLY_BYTES,
    CircuitBreaker,
    ServerAway,
    ServerSlow,
    ServingClient,
    check_url,
)
from emotion_ai.serving.load import Load, measure
from emotion_ai.settings import ROOT, Settings
from tests.support.model_server import Handler, metadata, model_server, serving

FACES = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
MODELS = {name: open_model(ROOT / "models", name) for name in DEFAULTS}
PROBABILITIES = [[0.1, 0.2, 0.1, 0.1, 0.2, 0.2, 0.1]]


# The wire


def test_request_by_row_holds_one_entry_a_face():
    expected = b'{"instances":[[[[0],[1]],[[2],[3]]],[[[4],[5]],[[6],[7]]]]}'
    assert wire.request_body(FACES) == expected


def test_request_by_column_is_the_value_of_the_only_input():
    expected = b'{"inputs":[[[[0],[1]],[[2],[3]]],[[[4],[5]],[[6],[7]]]]}'
    assert wire.request_body(FACES, columns=True) == expected


@pytest.mark.parametrize("columns", [False, True])
def test_encoded_request_carries_pngs_as_b64_objects_for_its_signature(columns):
    request = json.loads(wire.request_body(FACES, columns=columns, encoded=True))
    assert request.pop("signature_name") == "encoded"
    values = request["inputs" if columns else "instances"]
    for face, value in zip(FACES, values, strict=True):
        assert set(value) == {"b64"}
        data = np.frombuffer(base64.b64decode(value["b64"]), np.uint8)
        assert np.array_equal(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), face)


def test_reply_by_row_of_one_output_has_no_name():
    # curl -d '{"instances": [1.0,2.0,5.0]}' … half_plus_three:predict
    (values,) = wire.read_predictions(b'{\n    "predictions": [3.5, 4.0, 5.5]\n}', 3).values()
    assert values.tolist() == [3.5, 4.0, 5.5]
    assert wire.reply_body(np.array([[0.25, 0.75]])) == b'{"predictions": [[0.25, 0.75]]}'


def test_reply_by_row_of_several_outputs_is_a_list_of_objects():
    reply = b'{"predictions": [{"a": [1, 2], "b": 3}, {"a": [4, 5], "b": 6}]}'
    outputs = wire.read_predictions(reply, 2)
    assert outputs["a"].tolist() == [[1, 2], [4, 5]]
    assert outputs["b"].tolist() == [3, 6]


def test_reply_by_column_is_a_value_or_an_object():
    assert wire.read_predictions(b'{"outputs": [[1, 2]]}', 1)[""].tolist() == [[1, 2]]
    assert wire.read_predictions(b'{"outputs": {"a": [[1, 2]]}}', 1)["a"].tolist() == [[1, 2]]


def test_status_lists_versions_newest_first():
    # curl http://localhost:8501/v1/models/half_plus_three
    one = '{"version": "%s", "state": "%s", "status": {"error_code": "OK", "error_message": ""}}'
    both = f"[{one % (9, 'END')}, {one % (123, 'AVAILABLE')}]"
    status = wire.read_status(f'{{"model_version_status": {both}}}'.encode())
    assert status.ready
    assert [(v.version, v.state) for v in status.versions] == [(123, "AVAILABLE"), (9, "END")]
    loading = wire.read_status(f'{{"model_version_status": [{one % (1, "LOADING")}]}}'.encode())
    assert not loading.ready


def test_status_of_a_v1_server_without_versions():
    assert wire.read_status(b'{"name": "expression", "ready": true}') == wire.ModelStatus(True)
    assert not wire.read_status(b'{"name": "expression", "ready": "False"}').ready


def test_metadata_gives_inputs_and_outputs_of_every_signature():
    said = json.dumps(metadata("expression", 4, 48, "probabilities", (7,))).encode()
    found = wire.read_metadata(said)
    assert found.version == 4
    raw = found.signatures["serving_default"]
    assert raw.inputs == {"faces": wire.Tensor("DT_UINT8", (-1, 48, 48, 1))}
    assert raw.outputs == {"probabilities": wire.Tensor("DT_FLOAT", (-1, 7))}
    assert found.signatures["encoded"].inputs == {"image_bytes": wire.Tensor("DT_STRING", (-1,))}


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"<html>",
        b"[1, 2]",
        b'{"predictions": [[1, 2]',
        b'{"nothing": 1}',
        b'{"predictions": 3}',
        b'{"predictions": []}',
        b'{"predictions": [[1], [2]]}',
        b'{"predictions": [["happy"]]}',
        b'{"predictions": [[NaN]]}',
        b'{"predictions": [[1e999]]}',
        b'{"predictions": [{"a": 1}, 2]}',
        b'{"predictions": [[[1], [2, 3]]]}',
        b'{"outputs": {"a": {"b": 1}}}',
        b'{"predictions": ' + b"[" * 100_000,
        b'{"predictions": [' + b"9" * 10_000 + b"]}",
    ],
)
def test_other_replies_are_refused_in_one_line(reply):
    with pytest.raises(ServingError) as raised:
        wire.read_predictions(reply, 1)
    assert "\n" not in str(raised.value)
    for read in (wire.read_status, wire.read_metadata):
        with pytest.raises(ServingError):
            read(reply)


# The client


def says(content, status=200, headers=None):
    return lambda handler, body: handler.reply(content, status, headers)


def ask(url: str, **options) -> np.ndarray:
    return ServingClient(url, **options).predict("expression", FACES[:1])[""]


@pytest.mark.parametrize(
    ("chosen", "path"),
    [
        ({}, "/v1/models/expression:predict"),
        ({"version": 12}, "/v1/models/expression/versions/12:predict"),
        ({"label": "stable"}, "/v1/models/expression/labels/stable:predict"),
        ({"label": "../x?y"}, "/v1/models/expression/labels/..%2Fx%3Fy:predict"),
    ],
)
def test_predict_goes_to_the_documented_address(chosen, path):
    with model_server(says({"predictions": PROBABILITIES})) as server:
        ServingClient(server.url + "/").predict("expression", FACES[:1], **chosen)
    assert server.asked == [(path, b'{"instances":[[[[0],[1]],[[2],[3]]]]}')]


def test_status_and_metadata_go_to_the_documented_addresses():
    with model_server(serving([MODELS["expression"]])) as server:
        client = ServingClient(server.url)
        assert client.status("expression").versions[0].version == 3
        assert client.status("expression", version=3).ready
        assert client.metadata("expression", label="stable").version == 3
    paths = [path for path, _ in server.asked]
    assert paths == [
        "/v1/models/expression",
        "/v1/models/expression/versions/3",
        "/v1/models/expression/labels/stable/metadata",
    ]


def test_many_faces_travel_in_several_requests_and_keep_their_order():
    def count(handler: Handler, body: bytes) -> None:
        handler.reply({"predictions": [face[0][0] for face in json.loads(body)["instances"]]})

    faces = np.arange(MAX_FACES + 6, dtype=np.uint8).reshape(-1, 1, 1)
    with model_server(count) as server:
        values = ServingClient(server.url).predict("expression", faces)[""]
    assert values.ravel().tolist() == list(range(MAX_FACES + 6))
    assert len(server.asked) == 2


def test_refusal_is_told_in_the_servers_words_and_not_repeated():
    with model_server(says({"error": "Servable not found for request: Latest(half)"}, 404)) as s:
        with pytest.raises(ServingError, match=r"404: the server says: Servable not found"):
            ask(s.url)
        assert len(s.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_failing_server_is_asked_once_more(status):
    with model_server(says({"error": "busy"}, status)) as server:
        with pytest.raises(ServerAway, match=f"{status}: the server says: busy"):
            ask(server.url)
        assert len(server.asked) == 2


def test_connection_that_breaks_once_is_not_noticed():
    def break_first(handler: Handler, body: bytes) -> None:
        if len(handler.server.asked) == 1:
            handler.close_connection = True
            handler.connection.close()
        else:
            handler.reply({"predictions": PROBABILITIES})

    with model_server(break_first) as server:
        assert ask(server.url).shape == (1, 7)


def test_answer_that_breaks_off_is_no_answer():
    def half(handler: Handler, body: bytes) -> None:
        handler.reply(b'{"predictions": [', headers={"Content-Length": 500})
        handler.close_connection = True

    with model_server(half) as server:
        with pytest.raises(ServerAway):
            ask(server.url)
        assert len(server.asked) == 2


def test_redirects_are_not_followed():
    with model_server(says({"predictions": PROBABILITIES})) as inside:
        away = says(b"", 302, {"Location": f"{inside.url}/v1/models/expression:predict"})
        with model_server(away) as server, pytest.raises(ServingError, match="answered 302"):
            ask(server.url)
        assert inside.asked == []


def test_silent_server_is_given_up_in_time_and_not_asked_again():
    given_up = threading.Event()
    with model_server(lambda handler, body: given_up.wait(60)) as server:
        started = time.monotonic()
        with pytest.raises(ServerSlow, match="in time"):
            ask(server.url, read_s=0.5)
        assert time.monotonic() - started < 20
        while not server.asked:  # a busy machine serves the request only now
            time.sleep(0.02)
        time.sleep(0.2)  # another one would have come by now
        given_up.set()
        assert len(server.asked) == 1


def test_answer_that_drips_is_given_up_in_time():
    def drip(handler: Handler, body: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.05)

    with model_server(drip) as server, pytest.raises(ServerSlow, match=r"took over 0\.3 s"):
        ask(server.url, reply_s=0.3)


@pytest.mark.parametrize("length", [MAX_REPLY_BYTES * 4, None])
def test_huge_answer_is_not_swallowed(length):
    sent = []

    def flood(handler: Handler, body: bytes) -> None:
        handler.send_response(200)
        if length:
            handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.close_connection = True
        for _ in range(64):
            handler.wfile.write(b" " * 250_000)
            sent.append(250_000)

    with model_server(flood) as server, pytest.raises(ServingError, match="at most 4 MB"):
        ask(server.url)
    assert sum(sent) < 16_000_000


def test_compressed_answer_is_not_unpacked():
    import gzip

    bomb = gzip.compress(b" " * 50_000_000)
    with (
        model_server(says(bomb, headers={"Content-Encoding": "gzip"})) as server,
        pytest.raises(ServingError, match="expected JSON"),
    ):
        ask(server.url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8501",
        "ftp://localhost",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@localhost:8501",
        "http://localhost:99999",
        "http://localhost:0",
        "http://localhost:8501/?x=1",
        "http://localhost:8501/#x",
        "http://local host",
        "http://[::1",
        "javascript:alert(1)",
    ],
)
def test_addresses_that_are_none_are_refused(url):
    with pytest.raises(ServingError, match="expected an address") as raised:
        check_url(url)
    assert "secret" not in str(raised.value)


def test_address_loses_its_last_slash_and_keeps_its_path():
    assert check_url(" https://models.example/serving/ ") == "https://models.example/serving"


def test_breaker_opens_after_three_failures_and_lets_one_try_after_its_rest():
    now = [0.0]
    breaker = CircuitBreaker(failures=3, rest_s=20, clock=lambda: now[0])
    for _ in range(2):
        breaker.record(answered=False)
    breaker.record(answered=True)  # counting starts again
    for _ in range(2):
        breaker.record(answered=False)
        assert breaker.wait_s() == 0
    breaker.record(answered=False)
    now[0] = 5
    assert breaker.wait_s() == 15
    now[0] = 20
    assert breaker.wait_s() == 0  # the trial
    assert breaker.wait_s() == 20  # everybody else waits for it
    breaker.record(answered=False)
    now[0] = 39
    assert breaker.wait_s() == 1
    now[0] = 40
    assert breaker.wait_s() == 0
    breaker.record(answered=True)
    assert breaker.wait_s() == 0


def test_server_that_is_away_is_not_asked_again_for_a_while():
    with model_server(says({"error": "broken"}, 500)) as server:
        client = ServingClient(server.url)
        for _ in range(3):
            with pytest.raises(ServerAway):
                client.status("expression")
        asked = len(server.asked)
        with pytest.raises(ServerAway, match="not asked again for 20 s"):
            client.status("expression")
        assert len(server.asked) == asked == 6


def test_refusals_do_not_open_the_breaker():
    with model_server(says({"error": "no such model"}, 404)) as server:
        client = ServingClient(server.url)
        for _ in range(5):
            with pytest.raises(ServingError, match="no such model"):
                client.status("expression")
        assert len(server.asked) == 5


def test_client_is_asked_by_many_threads_at_once():
    with model_server(serving([MODELS["expression"]])) as server:
        client = ServingClient(server.url)
        faces = draw_faces(12, 48, seed=3).images
        expected = MODELS["expression"].network()(faces)["probabilities"]
        with ThreadPoolExecutor(6) as pool:
            rows = list(
                pool.map(lambda i: client.predict("expression", faces[i : i + 1]), range(12))
            )
        assert np.allclose(np.concatenate([row[""] for row in rows]), expected, atol=1e-6)


# Readings


@pytest.fixture
def predictor() -> Predictor:
    return Predictor(load_detector(Settings()), **MODELS)


@pytest.fixture(scope="module")
def photo():
    frame, boxes = draw_photo(7, 5, (1280, 800))
    return frame, [FaceBox(box, 1.0) for box in boxes]


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("task", MODELS)
def test_served_and_local_network_say_the_same_in_every_form(task, columns, encoded):
    model = MODELS[task]
    local = model.network()
    faces = draw_faces(3, local.size_px, seed=1).images
    with model_server(serving(list(MODELS.values()))) as server:
        outputs = ServingClient(server.url).predict(
            model.name, faces, columns=columns, encoded=encoded
        )
    for name, values in served.named_output(outputs, model).items():
        assert np.allclose(values, local(faces)[name], atol=1e-5)


def test_photo_is_read_by_the_server(predictor, photo):
    local = predictor.read_faces(*photo)
    with model_server(serving(list(MODELS.values()))) as server:
        through = served.through(predictor, ServingClient(server.url))
        readings = through.read_faces(*photo)
        assert len(server.asked) == 2
    assert served.trouble(through) == ""
    for one, other in zip(local, readings, strict=True):
        assert one.expression.label == other.expression.label
        assert np.allclose(one.keypoints_px, other.keypoints_px, atol=1e-3)
    assert served.trouble(predictor) == ""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says({"error": "no such model"}, 404), "no such model"),
        (says({"predictions": [[0.5, 0.5]] * 5}), "expected probabilities of shape"),
        (says({"predictions": [[9.0] * 7] * 5}), "add up to 1"),
        (says({"predictions": [{"other": 1}] * 5}), "expected keypoints, got other"),
        (says(b"<html>"), "expected JSON"),
    ],
)
def test_local_network_reads_where_the_server_does_not_and_says_why(
    predictor, photo, answer, reason
):
    local = predictor.read_faces(*photo)
    with model_server(answer) as server:
        through = served.through(predictor, ServingClient(server.url))
        readings = through.read_faces(*photo)
    assert reason in served.trouble(through)
    assert [r.as_dict() for r in readings] == [r.as_dict() for r in local]


def test_photo_without_faces_asks_nobody(predictor):
    with model_server(says(b"")) as server:
        through = served.through(predictor, ServingClient(server.url))
        assert through.networks["expression"](np.zeros((0, 48, 48), np.uint8)) is not None
        assert server.asked == []


# Which server


def test_environment_names_the_server():
    where = Settings.from_environment({"EMOTION_AI_SERVING_URL": "http://serving:8501/"})
    assert serving_url(where) == "http://serving:8501"
    with pytest.raises(ServingError, match="expected an address"):
        serving_url(Settings.from_environment({"EMOTION_AI_SERVING_URL": "serving:8501"}))


def test_server_is_chosen_kept_and_forgotten(tmp_path):
    where = Settings(cache_dir=tmp_path / "cache")
    assert serving_url(where) is None
    unknown = {"error": "Servable not found for request: Latest(expression)"}
    with model_server(lambda handler, body: handler.reply(unknown, 404)) as server:
        choose_server(where, f"{server.url}/")
    assert serving_url(where) == server.url
    with pytest.raises(ServingError):
        choose_server(where, "file:///etc/passwd")
    assert serving_url(where) == server.url
    choose_server(where, "")
    assert serving_url(where) is None
    (tmp_path / "cache" / "serving.json").write_text("{")
    assert serving_url(where) is None


@pytest.mark.parametrize(("status", "page"), [(200, b"<!doctype html>"), (404, b'{"detail": ""}')])
def test_what_is_no_model_server_is_not_accepted(tmp_path, status, page):
    """Such as the dashboard itself, which answers every address with its page."""
    where = Settings(cache_dir=tmp_path)
    with (
        model_server(lambda handler, body: handler.reply(page, status)) as server,
        pytest.raises(ServingError, match="no model server is there"),
    ):
        choose_server(where, server.url)
    assert serving_url(where) is None


def test_only_editors_choose_the_server_and_none_overrides_the_environment(tmp_path, monkeypatch):
    where = Settings(cache_dir=tmp_path)
    monkeypatch.setattr(permissions, "_identify", lambda: permissions.NOBODY)
    with pytest.raises(AccessError):
        choose_server(where, "http://127.0.0.1:9")
    assert serving_url(where) is None
    monkeypatch.undo()
    with pytest.raises(ServingError, match="EMOTION_AI_SERVING_URL"):
        choose_server(Settings(cache_dir=tmp_path, serving_url="http://a:1"), "http://b:1")


def test_command_line_reads_through_the_server_and_says_when_it_could_not(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "five.png"
    path.write_bytes(encode_png(draw_photo(7, 5, (1280, 800))[0]))

    def predict(url: str) -> tuple[list, str]:
        where = Settings.from_environment({**os.environ, "EMOTION_AI_SERVING_URL": url})
        monkeypatch.setattr("emotion_ai.cli.predict.settings", lambda: where)
        assert main(["predict", str(path), "--json"]) == 0
        out, err = capsys.readouterr()
        return json.loads(out)[0]["faces"], err

    with model_server(serving(list(MODELS.values()))) as server:
        faces, err = predict(server.url)
        assert len(server.asked) == 2
        assert "read by" not in err
    assert faces
    same, err = predict(server.url)  # it has gone
    assert [face["expression"] for face in same] == [face["expression"] for face in faces]
    assert f"note: read by the models here: {server.url} did not answer" in err


# Load


def test_load_counts_answers_and_failures_and_takes_percentiles():
    answers = iter([None, ServingError("away"), None, ServingError("away"), None])

    def call():
        if error := next(answers):
            raise error

    load = measure(call, 5)
    assert len(load.latencies_ms) == 3
    assert load.failures == {"away": 2}
    exact = Load(np.arange(1.0, 101.0), {}, 2.0)
    assert exact.percentiles_ms == pytest.approx({50: 50.5, 90: 90.1, 95: 95.05, 99: 99.01})
    assert exact.per_second == 50
    assert Load(np.array([]), {"away": 1}, 1.0).percentiles_ms == {}


def test_load_asks_with_so_many_threads_at_once():
    together = threading.Barrier(4)  # passes only when four calls are under way
    load = measure(lambda: together.wait(60), 8, at_once=4)
    assert len(load.latencies_ms) == 8


def test_load_stops_when_its_progress_is_interrupted():
    calls = []

    def call():
        calls.append(1)
        time.sleep(0.01)

    def stop(done: int, total: int, unit: str) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(call, 100_000, progress=stop)
    made = len(calls)
    time.sleep(0.1)
    assert len(calls) == made < 1000
