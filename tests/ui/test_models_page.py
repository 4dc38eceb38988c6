"""Models & serving through AppTest: with and without a server, and for those who may only look."""

import json
import re
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.access import permissions
from emotion_ai.jobs import background
from emotion_ai.models.store import DEFAULTS, KERAS, list_models, open_model
from emotion_ai.serving import versions
from emotion_ai.settings import ROOT, settings
from emotion_ai.storage.files import write_json
from emotion_ai.ui.serving.request import command
from emotion_ai.ui.wording import headline_score, score_figure
from tests.support.app_pages import html, open_page, press, text
from tests.support.model_server import model_server, serving
from tests.support.second_model import noisy_copy

MODELS = list_models(ROOT / "models")


@pytest.fixture
def where(use_places, tmp_path):
    """An app of its own: copies of the shipped models, no data, nothing exported, no server."""
    shutil.copytree(ROOT / "models" / "expression", tmp_path / "models" / "expression")
    shutil.copytree(ROOT / "models" / "keypoints", tmp_path / "models" / "keypoints")
    use_places(tmp_path, "data", "models", "cache", "serving", serving_url=None)
    return settings()


@pytest.fixture
def server():
    with model_server(serving(MODELS)) as running:
        yield running


def open_tab(tab: str, error: bool = False) -> AppTest:
    return open_page("models", tab=tab, error=error)


def exported(where, name: str, version: int, digest: str | None = None) -> None:
    model = open_model(where.models_dir, name)
    folder = where.serving_dir / name / str(version)
    (folder / versions.EXTRA).mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"x" * 1_500_000)
    row = {"name": "SavedModel, PNG", "precision": "float32", "largest": 2e-7, "same": 500}
    record = {
        "model": name, "task": model.task, "created": "2026-11-20T18:00:00+00:00", "faces": 500,
        "digest": digest or model.card["files"][KERAS]["sha256"], "source": "fer2013, validation",
        "parity": [row],
    }  # fmt: skip
    write_json(folder / versions.EXTRA / versions.RECORD, record)


def test_models_are_cards_with_score_size_date_speed_and_default(where):
    app = open_tab("Models")
    shown = text(app) + html(app)
    scores = [score_figure(headline_score(model)) for model in MODELS if model.name in DEFAULTS]
    for words in (*scores, "M parameters", "MB, 2026", "ms a face", "reads with it"):
        assert words in shown
    assert shown.count("the app reads with it") == 2


def test_second_model_can_become_the_default_and_be_compared(where):
    noisy_copy(open_model(where.models_dir, "expression"), where.models_dir, "rival")
    app = open_tab("Models")
    assert text(app).count("the app reads with it") == 2
    assert re.search(r"From \*\*expression of [-\d]+ \(run \w+\)\*\*\s+to \*\*rival of", text(app))
    press(app, "Make it the default")
    digest = open_model(where.models_dir, "rival").digest
    assert open_model(where.models_dir, "expression").digest == digest
    press(app, "Go back to it")
    assert open_model(where.models_dir, "expression").digest != digest


def test_a_saved_model_is_renamed_and_deleted_the_apps_own_are_not(where):
    noisy_copy(open_model(where.models_dir, "expression"), where.models_dir, "rival")
    app = open_tab("Models")
    assert [b.label for b in app.button].count("Delete it for good") == 1
    app.text_input[0].set_value("expression")
    next(b for b in app.button if "rename_rival" in str(b.form_id)).click().run()
    assert "the name expression is taken" in text(app)
    app.text_input[0].set_value("better")
    next(b for b in app.button if "rename_rival" in str(b.form_id)).click().run()
    assert [model.name for model in list_models(where.models_dir)] == [
        "better", "expression", "keypoints",
    ]  # fmt: skip
    press(app, "Delete it for good")
    assert [model.name for model in list_models(where.models_dir)] == list(DEFAULTS)


def test_export_button_starts_a_job_and_shows_its_progress(where, monkeypatch):
    app = open_tab("Models")
    started = []
    monkeypatch.setattr(background, "start", lambda *what: started.append(what))
    press(app, "Export")
    assert started[0][1] == "emotion_ai.serving.export"
    assert started[0][2][:3] == ["expression", "savedmodel", str(where.serving_dir)]
    running = background.Job("running", 1, 3, "steps")
    monkeypatch.setattr(background, "read_job", lambda status: running)
    stopped = []
    monkeypatch.setattr(background, "stop", stopped.append)
    app.run()
    press(app, "Stop")
    assert stopped == [versions.job_status(where, "expression")]


def test_server_without_tensorflow_does_not_offer_exports(where, monkeypatch):
    monkeypatch.setattr("emotion_ai.ui.serving.models.find_spec", lambda name: None)
    exports_offered = [b for b in open_tab("Models").button if b.label == "Export"]
    assert [b.disabled for b in exports_offered] == [True, True]
    assert "needs TensorFlow" in exports_offered[0].help


def test_failed_export_says_why(where, monkeypatch):
    failed = background.Job("failed", error="LiteRT differs from Keras by 0.5")
    monkeypatch.setattr(background, "read_job", lambda status: failed)
    assert "The export failed: LiteRT differs" in text(open_tab("Models", error=True))


def test_export_of_other_weights_is_told_from_one_of_these(where):
    exported(where, "expression", 4)
    exported(where, "keypoints", 2, digest="of another training")
    app = open_tab("Models")
    assert "Exported: `serving/expression/4`" in text(app)
    assert "`serving/keypoints/2`, of **other weights**" in text(app)
    assert app.dataframe[0].value["same first choice"].tolist() == ["500 of 500"]


def test_served_without_a_server_says_how_to_start_one(where):
    app = open_tab("Served")
    assert "Photos are read here" in text(app)
    assert "Nothing is exported yet" in text(app)
    assert "docker compose up" in app.code[0].value


def test_served_lists_what_is_exported_and_what_is_loaded(where, server, use_places):
    exported(where, "expression", 3)
    exported(where, "expression", 2, digest="of another training")
    use_places(serving_url=server.url)
    app = open_tab("Served")
    assert f"Photos are read by `{server.url}`" in text(app)
    table = app.dataframe[0].value
    rows = table[["model", "version", "on the server", "weights"]].values.tolist()
    assert rows == [
        ["expression", "3", "available", "as here"],
        ["expression", "2", "not loaded", "others"],
        ["keypoints", "3", "available", ""],
    ]
    assert table["exported"].tolist()[2] == "not here"
    signatures = app.dataframe[1].value
    assert signatures["takes"].tolist()[:2] == [
        "faces: uint8 [n, 48, 48, 1]", "image_bytes: string [n]",
    ]  # fmt: skip
    assert signatures["gives"].tolist()[2] == "keypoints: float [n, 15, 2]"


def test_photo_page_reads_here_and_says_so_when_the_address_is_none(where, use_places):
    use_places(serving_url="serving:8501")
    app = open_page("photo", error=True)
    assert "expected an address such as http://localhost:8601" in text(app)
    assert len(app.dataframe[0].value) == 5


def test_editor_chooses_the_server_and_takes_it_back(where, server):
    app = open_tab("Served")
    app.text_input[0].set_value("ftp://elsewhere")
    press(app, "Use it")
    assert "expected an address such as http://localhost:8601" in text(app)
    app.text_input[0].set_value(server.url)
    press(app, "Use it")
    assert json.loads((where.cache_dir / "serving.json").read_text()) == {"url": server.url}
    assert f"Photos are read by `{server.url}`" in text(app)
    press(app, "Read here again")
    assert "Photos are read here" in text(app)


def test_strangers_can_neither_choose_the_server_nor_export(where, monkeypatch):
    stranger = permissions.Visitor("sign in first")
    monkeypatch.setattr(permissions, "_identify", lambda: stranger)
    assert all(b.disabled for b in open_tab("Models").button if b.label == "Export")
    app = open_tab("Served")  # what is sent by hand is refused by choose_server, see test_serving
    assert app.text_input[0].disabled
    assert next(b for b in app.button if b.label == "Use it").disabled


def test_request_without_a_server_shows_what_would_go_and_the_answer_here(where):
    app = open_tab("Request")
    assert "nothing is sent" in text(app)
    assert "arg-max: entry" in text(app)
    assert "POST http://localhost:8601/v1/models/expression:predict" in app.code[0].value
    assert not [button for button in app.button if button.label == "Send it"]


@pytest.mark.parametrize("model", ["expression", "keypoints"])
def test_request_is_sent_and_both_answers_are_shown(where, server, use_places, model):
    use_places(serving_url=server.url)
    app = open_tab("Request")
    app.selectbox(key="model").set_value(model).run()
    press(app, "Send it")
    path, body = server.asked[-1]
    assert path == f"/v1/models/{model}:predict"
    assert json.loads(body)["signature_name"] == "encoded"
    assert "predictions" in app.code[1].value
    agreed = "The same first choice" if model == "expression" else "0.00 px apart on average"
    assert agreed in text(app)
    app.segmented_control(key="request_encoded").set_value(False).run()
    assert "Not asked about this face yet" in text(app)  # it is another request now
    app.segmented_control(key="request_columns").set_value(True).run()
    press(app, "Send it")
    assert json.loads(server.asked[-1][1]).keys() == {"inputs"}
    assert "outputs" in app.code[1].value


def test_request_goes_to_the_chosen_version_or_label(where, server, use_places):
    use_places(serving_url=server.url)
    app = open_tab("Request")
    version = app.selectbox(key="request_version")
    assert version.options == ["newest", "3", "by label"]
    version.set_value("3").run()
    press(app, "Send it")
    assert server.asked[-1][0] == "/v1/models/expression/versions/3:predict"
    app.selectbox(key="request_version").set_value("by label").run()
    app.text_input(key="request_label").set_value("can ary/../x").run()
    press(app, "Send it")
    assert server.asked[-1][0] == "/v1/models/expression/labels/can%20ary%2F..%2Fx:predict"


def test_refused_request_is_one_line(where, use_places):
    with model_server(lambda h, body: h.reply({"error": "<b>no</b> *model*"}, 404)) as server:
        use_places(serving_url=server.url)
        app = open_tab("Request")
        press(app, "Send it")
        assert "404: the server says: <b>no</b> *model*" in text(app)
        assert any(r"\<b\>no" in warning.value for warning in app.warning)


def test_load_measures_here_and_the_server(where, server, use_places):
    use_places(serving_url=server.url)
    app = open_tab("Load")
    press(app, "Measure")
    table = app.dataframe[0].value
    assert table["read"].tolist() == ["here, LiteRT", "server, grey values", "server, PNG"]
    assert table["failed"].tolist() == [0, 0, 0]
    assert (table["95 % within (ms)"] >= table["50 % within (ms)"]).all()
    assert sum(path.endswith(":predict") for path, _ in server.asked) == 100


def test_photos_are_read_by_the_server_or_the_page_says_why_not(where, use_places, forget_caches):
    with model_server(serving(MODELS)) as server:
        use_places(serving_url=server.url)
        app = open_page("photo")
        assert f"Read by the model server {server.url}" in text(app)
        assert {path for path, _ in server.asked} == {
            "/v1/models/expression:predict", "/v1/models/keypoints:predict",
        }  # fmt: skip
        faces = app.dataframe[0].value
        app.switch_page("pages/home.py").run()
        assert "nothing but the cut-out faces of photos leaves this server" in text(app)
        app.switch_page("pages/photo.py").run()
        server.answer = lambda handler, body: handler.reply({"error": "out of memory"}, 500)
        forget_caches()
        app.run()
        assert "The models here read 1 photo, not the model server" in text(app)
        assert "out of memory" in text(app)
        assert app.dataframe[0].value["expression"].tolist() == faces["expression"].tolist()
        server.answer = serving(MODELS)
        press(app, "Ask it again")
        assert f"Read by the model server {server.url}" in text(app)


def test_command_keeps_every_character_for_the_shell():
    import shlex

    parts = shlex.split(command("http://host:1/v1/models/it's", b'{"a": "$(x) `y`"}'))
    assert parts[:3] == ["curl", "-s", "http://host:1/v1/models/it's:predict"]
    assert parts[-1] == '{"a": "$(x) `y`"}'


def test_a_damaged_network_hides_neither_its_neighbours_nor_the_way_back(where):
    (where.models_dir / "expression" / "model.tflite").write_bytes(b"cut off")
    app = open_tab("Models", error=True)
    assert [error.value for error in app.error if "expression" in error.value]
    assert "M parameters" in text(app) + html(app)
    assert {f"export_{name}" for name in ("expression", "keypoints")} <= {b.key for b in app.button}
