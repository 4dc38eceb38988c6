"""What can be told of hosting without a container: requirements, Dockerfile, the entry point for
Community Cloud, and an app on a machine without Keras. ``deploy/check.py`` tries the proxies."""

import os
import re
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai import optional
from emotion_ai.cli import program
from emotion_ai.errors import ConfigError, ModelError
from emotion_ai.explain import gradcam
from emotion_ai.models.store import open_model
from emotion_ai.serving import versions
from emotion_ai.settings import ROOT, Settings, settings
from emotion_ai.training import queue
from emotion_ai.training.config import TrainingConfig
from emotion_ai.ui.live.connection import pass_for_relay
from tests.support.ports import free_port

HEAVY = {"tensorflow", "keras", "tensorflow-serving-api"}
#: What nothing but a training, an export or a search may import.
BLOCKED = ("tensorflow", "keras", "optuna", "tensorboardX", "tf2onnx", "onnxruntime")


def names(path: str) -> set[str]:
    """The packages of a requirements file's own lines."""
    lines = [line.split("#")[0].strip() for line in (ROOT / path).read_text().splitlines()]
    return {re.match(r"[\w-]+", line)[0].lower() for line in lines if line and line[0] != "-"}


def test_app_requirements_are_the_whole_ones_without_what_trains():
    assert names("requirements-train.txt") == HEAVY
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    named = [line.split()[1] for line in lines if line.startswith("-r ")]
    assert named == ["requirements-app.txt", "requirements-train.txt"]
    assert not names("requirements.txt")
    assert not names("requirements-app.txt") & HEAVY


#: What imports Keras, itself or through the room that reads its files.
KERAS = r"^(import|from) (keras|emotion_ai\.networks\.files)"


def test_every_module_of_the_dashboard_imports_without_what_trains():
    folder = ROOT / "emotion_ai"
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if path.name not in ("__main__.py", "__init__.py")
        and not re.search(KERAS, path.read_text(), re.MULTILINE)
    ]
    assert len(modules) > 100
    code = (
        "import sys, importlib\n"
        f"sys.modules.update(dict.fromkeys({BLOCKED!r}))\n"  # each import of them fails
        f"for name in {modules!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]


@pytest.fixture
def bare(monkeypatch):
    """A machine without Keras and TensorFlow, on which no process is started."""
    missing = {"keras", "tensorflow"}
    find = optional.find_spec
    monkeypatch.setattr(optional, "find_spec", lambda n: None if n in missing else find(n))
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a process was started"))


def test_training_without_keras_is_refused_in_a_line_and_leaves_nothing(bare, tmp_path):
    config = TrainingConfig.for_task("expression", ("faces",))
    with pytest.raises(ConfigError, match=r"^Training needs Keras and TensorFlow, which are not"):
        queue.enqueue(config, runs_dir=tmp_path)
    queue.start_worker(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_backend_that_is_chosen_is_the_one_that_is_missed(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "not_there")
    assert optional.lacking("Training", *optional.training_modules()) == (
        "Training needs not_there, which is not installed here: pip install not_there"
    )
    assert optional.lacking("Reading tables", "pandas") == ""


def test_way_to_an_extra_is_the_checkouts_file_or_the_packages_name(monkeypatch):
    for extra in ("train", "search", "onnx"):
        assert optional.installing(extra) == f"pip install -r requirements-{extra}.txt"
        assert (ROOT / f"requirements-{extra}.txt").is_file()
    monkeypatch.setattr(optional, "__file__", "/somewhere/site-packages/emotion_ai/optional.py")
    assert optional.installing("train") == 'pip install "emotion-ai[train]"'


def test_export_and_gradcam_without_tensorflow_say_what_is_missing(
    bare, tmp_path, monkeypatch, capsys
):
    with pytest.raises(ConfigError, match="An export needs Keras and TensorFlow"):
        versions.start_export(Settings(cache_dir=tmp_path), "expression", "litert")
    assert list(tmp_path.iterdir()) == []
    model, face = open_model(settings().models_dir, "expression"), np.zeros((48, 48), np.uint8)
    assert gradcam.gradcam_map(model, face, 3).shape == (48, 48)  # its gradients are known
    monkeypatch.setattr(gradcam, "pooled_map", lambda *a: None)
    with pytest.raises(ModelError, match="Grad-CAM needs Keras and TensorFlow"):
        gradcam.gradcam_map(model, face, 3)
    assert program.main(["export", "expression", "--to", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("error: An export needs Keras")


def test_train_command_without_keras_makes_no_run(bare, drawn, tmp_path, monkeypatch, capsys):
    data_dir = drawn("expression", 70).folder.parent
    changed = Settings(data_dir=data_dir, runs_dir=tmp_path / "runs")
    monkeypatch.setattr("emotion_ai.cli.train.settings", lambda: changed)
    assert (
        program.main(["train", "expression", "--data", "synthetic_expression", "--preset", "demo"])
        == 1
    )
    assert "pip install -r requirements-train.txt" in capsys.readouterr().err
    assert not list((tmp_path / "runs").glob("*/config.json"))


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def stage(name: str) -> list[tuple[str, str]]:
    """The instructions of a stage after those it stands on."""
    found, current, stages = [], "", {}
    for instruction, rest in instructions():
        if instruction == "FROM":
            base, _, current = rest.split()
            stages[current] = list(stages.get(base, []))
        elif current:
            stages[current].append((instruction, rest))
    found = stages[name]
    return found


@pytest.mark.parametrize("name", ["slim", "full"])
def test_images_run_as_a_user_and_answer_for_their_health(name):
    done = stage(name)
    users = [rest for instruction, rest in done if instruction == "USER"]
    assert users[-1] == "emotion"
    health = [rest for instruction, rest in done if instruction == "HEALTHCHECK"]
    assert len(health) == 1
    assert "/_stcore/health" in health[0]
    assert not [rest for instruction, rest in done if instruction == "RUN" and "pip" in rest]


def test_slim_image_gets_the_environment_without_tensorflow():
    copied = {name: [rest for i, rest in stage(name) if i == "COPY"] for name in ("slim", "full")}
    assert any("--from=build /opt/app" in rest for rest in copied["slim"])
    assert not any("build-training" in rest for rest in copied["slim"])
    assert any("--from=build-training /opt/app" in rest for rest in copied["full"])


def test_image_fetches_the_detector_by_names_that_exist():
    lines = [rest for instruction, rest in stage("weights") if instruction == "RUN"]
    code = re.search(r'python -c "(.+)"', lines[-1])[1]
    imports = [part for part in code.split("; ") if "import" in part]
    assert any("find_yunet" in line for line in imports)
    for line in imports:
        exec(line.strip(), {})


def test_image_installs_training_by_lines_that_exist():
    """sed and grep take TensorFlow's lines apart: --no-deps for what would bring the large one."""
    command = [rest for i, rest in stage("build-training") if i == "RUN"][-1]
    assert "requirements-train.txt" in command
    text = (ROOT / "requirements-train.txt").read_text()
    for start in ("tensorflow>", "tensorflow-serving-api"):
        assert re.search(rf"^{start}", text, re.MULTILINE)


def test_what_the_image_writes_lies_in_its_volume():
    given = dict(
        pair.split("=", 1)
        for instruction, rest in stage("slim")
        if instruction == "ENV"
        for pair in rest.split()
    )
    ours = {name: value for name, value in given.items() if name.startswith("EMOTION_AI_")}
    read = Settings.from_environment(ours)
    for path in (read.data_dir, read.runs_dir, read.searches_dir, read.cache_dir, read.serving_dir):
        assert str(path).startswith("/data/")
    assert ("VOLUME", "/data") in stage("slim")


def test_image_takes_only_what_git_keeps():
    let_in = re.findall(r"^!(.+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    for pattern in let_in:
        assert any(
            line == pattern or line.startswith(f"{pattern}/") or pattern == "docs/*.md"
            for line in kept.splitlines()
        ), pattern
    assert not {"data", ".streamlit", ".git"} & set(let_in)
    of_models = (ROOT / ".dockerignore").read_text().partition("!models\n")[2].splitlines()
    assert {"models/runs", "models/searches", "models/.versions"} <= set(of_models)


def test_packages_txt_has_nothing_but_package_names():
    """Community Cloud hands every word to apt-get, comments too."""
    for line in (ROOT / "packages.txt").read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", line), line


def test_community_cloud_entry_point_shows_every_page():
    app = AppTest.from_file(str(ROOT / "deploy/community_cloud/streamlit_app.py"))
    app.default_timeout = 120
    app.run()
    assert not app.exception
    app.switch_page("pages/learn.py").run()
    assert [title.value for title in app.title] == ["Learn"]


def test_community_cloud_entry_point_listens_on_every_interface():
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "deploy/community_cloud/streamlit_app.py",
         "--server.headless", "true", "--server.port", str(port)],
        cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        # A server of "localhost" does not answer here.
        url, answer = f"http://127.0.0.2:{port}/_stcore/health", b""
        deadline = time.monotonic() + 120
        while not answer and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(url, timeout=2) as response:
                    answer = response.read()
            except OSError:
                time.sleep(0.2)
        assert answer == b"ok"
    finally:
        server.terminate()
        server.wait(60)


def test_pass_for_the_relay_is_signed_with_the_secret_and_runs_out_within_half_a_day():
    # HMAC-SHA1 of the user name, computed with OpenSSL:
    # printf 1700049600:emotion-ai | openssl dgst -sha1 -hmac s3cret -binary | base64
    given = pass_for_relay("s3cret", 1_700_003_000)
    assert given == {
        "username": "1700049600:emotion-ai",
        "credential": "xiiuRVpOYhlrm31SN5ZS8cRmkQc=",
    }
    assert pass_for_relay("s3cret", 1_700_003_000 + 60) == given
    assert pass_for_relay("s3cret", 1_700_003_000 + 3600)["username"] > given["username"]
