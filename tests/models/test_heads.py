"""One network that names expressions as people do or as the dataset does, wherever it is used."""

import json
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import emotion_ai
from emotion_ai.cli.program import main
from emotion_ai.datasets.drawn.synthetic import draw_faces, draw_photo
from emotion_ai.errors import ModelError
from emotion_ai.explain.pooled import pooled_map
from emotion_ai.faces.detection import FaceDetector
from emotion_ai.labels import FER7
from emotion_ai.live.session import LiveOptions, LiveSession
from emotion_ai.media.images import encode_png
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import CARD, KERAS, TFLITE, open_model, write_model
from emotion_ai.models.versions import make_default
from emotion_ai.reading.predictor import Predictor
from emotion_ai.results import FaceBox
from emotion_ai.serving.export import export
from emotion_ai.settings import ROOT, settings

SURE = {"crowd": "happy", "given": "sad"}


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory):
    """A model whose heads are each nearly sure of one expression, whatever they see."""
    from emotion_ai.networks.architectures import build
    from emotion_ai.training.litert import convert

    folder = tmp_path_factory.mktemp("heads") / "models" / "expression"
    folder.parent.mkdir()
    network = build("expression", 7, "demo", heads=2)
    kernel, bias = network.get_layer("logits").get_weights()
    bias[3] = bias[7 + 4] = 5.0  # happy and sad
    network.get_layer("logits").set_weights([kernel / 10, bias])  # what a face adds is less
    network.save(folder.parent / KERAS)
    content, _ = convert(network, draw_faces(4, 48, seed=1).images, quantise=False)
    card = {
        "task": "expression", "label_set": "fer7", "truth": "crowd", "heads": ["crowd", "given"],
        "scores": [], "parameters": 1, "created": "2026-01-01", "data": [],
    }  # fmt: skip
    saved = (folder.parent / KERAS).read_bytes()
    write_model(folder, card, {KERAS: saved, TFLITE: content})
    return folder.parent


def test_a_predictor_answers_with_either_head_of_the_same_network(models_dir):
    predictor = Predictor(FaceDetector(), open_model(models_dir, "expression"))
    frame, boxes = draw_photo(seed=1, faces=2)
    faces = [FaceBox(box, 1.0) for box in boxes]
    for head, expected in SURE.items():
        asked = predictor.answering(head)
        said = {reading.expression.label for reading in asked.read_faces(frame, faces)}
        assert said == {expected}
        assert asked.networks["expression"]._idle is predictor.networks["expression"]._idle
    assert {r.expression.label for r in predictor.read_faces(frame, faces)} == {SURE["crowd"]}
    with pytest.raises(ModelError, match="expected crowd, given"):
        predictor.answering("mine")
    with pytest.raises(ModelError, match="named as given: expected an expression model, got none"):
        Predictor(FaceDetector()).answering("given")


def test_a_models_key_for_caches_is_another_for_each_head(models_dir):
    model = open_model(models_dir, "expression")
    assert [one.name for one in model.each_head()] == ["expression", "expression@given"]
    assert len({one.digest for one in model.each_head()}) == 2
    assert open_model(models_dir, "expression@crowd").digest == model.digest


def test_predict_names_faces_as_the_truth_asked_for(models_dir, use_places, tmp_path, capsys):
    use_places(models=models_dir)
    photo = tmp_path / "photo.png"
    photo.write_bytes(encode_png(draw_photo(seed=1, faces=4)[0]))
    for head, expected in SURE.items():
        assert main(["predict", str(photo), "--json", "--named-as", head]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert {(f["expression"], f["named_as"]) for f in found["faces"]} == {(expected, head)}
        assert set(emotion_ai.read_table(photo, named_as=head)["expression"]) == {expected}
    assert main(["predict", str(photo), "--named-as", "given", "--on", "local"]) != 0
    assert "--named-as: " in capsys.readouterr().err


def test_evaluating_against_what_another_head_has_learned_says_so(
    models_dir, use_places, drawn, tmp_path, capsys
):
    use_places(models=models_dir, data=tmp_path)
    data = drawn("expression", 35, into=tmp_path).name
    said = "note: expression answers as crowd; expression@given has learned the given labels"
    for model, expected in (("expression", [said]), ("expression@given", [])):
        assert main(["evaluate", model, "--data", data, "--labels", "given"]) == 0
        told = capsys.readouterr().err.splitlines()
        assert [line for line in told if line.startswith("note: ")] == expected


def test_a_head_is_not_made_the_default_and_nothing_changes(models_dir):
    card = (models_dir / "expression" / CARD).read_bytes()
    with pytest.raises(ModelError, match="one of the heads of expression: expected a model's own"):
        make_default(models_dir, "expression@given")
    assert (models_dir / "expression" / CARD).read_bytes() == card


def test_a_head_alone_is_exported(models_dir, tmp_path):
    faces = draw_faces(4, 48, seed=1).images
    model = open_model(models_dir, "expression@given")
    export(model, ["litert"], tmp_path, faces, "drawn")
    (file,) = tmp_path.rglob("*.tflite")
    said = LiteNetwork(file.read_bytes())(faces)["probabilities"]
    assert (said.argmax(axis=1) == FER7.index(SURE["given"])).all()


def test_a_models_card_shows_what_each_head_scores(models_dir, use_places):
    use_places(models=models_dir)
    model = open_model(models_dir, "expression")
    score = {"task": "expression", "data": "faces", "split": "test", "label_set": "fer7", "n": 9,
             "labels": list(FER7.expressions)}  # fmt: skip
    shares = {("crowd", "crowd"): 0.85, ("crowd", "given"): 0.6, ("given", "given"): 0.68,
              ("given", "crowd"): 0.65}  # fmt: skip
    scores = [{**score, "head": head, "labels_from": truth, "accuracy": share}
              for (head, truth), share in shares.items()]  # fmt: skip
    scored = replace(model, card={**model.card, "scores": scores})
    app = AppTest.from_function(_show_card, kwargs={"model": scored}).run()
    assert not app.exception
    shown = " ".join(caption.value for caption in app.caption)
    assert r"68\.0" in shown
    assert r"60\.0" not in shown


def _show_card(model):
    from emotion_ai.ui.components import model_card

    model_card(model)


def test_a_stream_changes_heads_while_it_runs(models_dir):
    predictor = Predictor(FaceDetector(), open_model(models_dir, "expression"))
    session = LiveSession(predictor)
    for head in ("given", "crowd", None):
        session.options = LiveOptions(head=head)
        session.annotate(np.zeros((60, 80, 3), np.uint8))
        assert session._follower.predictor.models["expression"].truth == (head or "crowd")


def test_the_map_of_a_head_is_that_of_its_own_logits(models_dir):
    face = draw_faces(1, 48, seed=3).images[0]
    content = open_model(models_dir, "expression").verified(TFLITE)
    maps = [pooled_map(content, face, logit) for logit in range(14)]
    assert all(one is not None for one in maps)
    assert len({one.tobytes() for one in maps}) > 7


def test_the_photo_page_switches_between_them(models_dir, monkeypatch):
    monkeypatch.setenv("EMOTION_AI_MODELS", str(models_dir))
    settings.cache_clear()
    try:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
        app.run().switch_page("pages/photo.py").run()
        assert not app.exception
        control = next(one for one in app.button_group if one.key == "head")
        assert control.value == "crowd"
        seen = {}
        for head in SURE:
            app.session_state["head"] = head
            app.run()
            assert not app.exception
            seen[head] = " ".join(str(one.value) for one in app.get("html"))
        assert seen["crowd"] != seen["given"]
    finally:
        settings.cache_clear()
