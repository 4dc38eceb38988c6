"""The wheel, installed away from the checkout: it carries what the dashboard and the command line
need, reads a photo, and keeps what is made in a folder of the person's own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
import venv
import zipfile
from pathlib import Path

import cv2
import pytest

from emotion_ai.cli import app, program
from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.settings import ROOT, Settings
from emotion_ai.ui.server import serve
from tests.support.ports import free_port

#: Folders whose tracked files an installed package needs, and where they go in it.
BESIDE = ("data", "models", "pages", "static")
#: What is written there for readers of the repository.
NOT_CARRIED = ("data/README.md", "models/EXPERIMENTS.md")
CARRIED = {"emotion_ai": "emotion_ai"} | {name: f"emotion_ai/shipped/{name}" for name in BESIDE}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index",
               "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]  # fmt: skip
    subprocess.run(command, check=True)
    return next(folder.glob("emotion_ai-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A virtual environment with the wheel in it, and this one's other packages within reach."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install",
               "--quiet", "--no-deps", "--no-index", str(wheel)]  # fmt: skip
    subprocess.run(command, check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    others = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (site / "others.pth").write_text(f"{others}\n")
    return folder


@pytest.fixture
def away(tmp_path):
    """An environment away from the checkout: another folder, another home, no settings of ours."""
    ours = ("EMOTION_AI_", "STREAMLIT_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if yunet := os.environ.get("EMOTION_AI_YUNET"):
        kept["EMOTION_AI_YUNET"] = yunet
    home = tmp_path / "home"
    home.mkdir()
    place = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    return {"cwd": tmp_path, "env": {**kept, **place}}


@pytest.mark.slow
def test_wheel_carries_every_file_that_git_keeps(wheel):
    with zipfile.ZipFile(wheel) as opened:
        inside = set(opened.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", *CARRIED], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for path in tracked:
        if path in NOT_CARRIED:
            continue
        top, _, rest = path.partition("/")
        assert f"{CARRIED[top]}/{rest}" in inside, path
    assert "emotion_ai/shipped/streamlit_app.py" in inside
    assert "emotion_ai/shipped/.streamlit/config.toml" in inside


def test_what_the_code_looks_for_beside_the_package_travels_with_it():
    """In the wheel, and in the image: a new folder beside the package is named in three places."""
    named = set()
    for path in (ROOT / "emotion_ai").rglob("*.py"):
        named |= set(re.findall(r'\bROOT / "([\w.]+)', path.read_text()))
    assert named <= {*BESIDE, "streamlit_app.py"}
    carried = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = carried["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    let_in = (ROOT / ".dockerignore").read_text().splitlines()
    for name in BESIDE:
        assert name in {path.partition("/")[0] for path in included}
        assert any(f"{line}/".startswith(f"!{name}/") for line in let_in)


@pytest.mark.slow
def test_wheel_needs_what_the_requirements_files_say(wheel):
    with zipfile.ZipFile(wheel) as opened:
        name = next(name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        needs = re.findall(r"^Requires-Dist: (.+)$", opened.read(name).decode(), re.MULTILINE)

    def named(lines) -> set[str]:
        return {re.match(r"[\w-]+", line)[0] for line in lines if re.match(r"\w", line)}

    def file(name: str) -> set[str]:
        return named((ROOT / f"requirements-{name}.txt").read_text().splitlines())

    assert named(line for line in needs if "extra ==" not in line) == file("app")
    for extra in ("train", "search", "onnx", "cluster"):
        assert named(line for line in needs if f"extra == '{extra}'" in line) == file(extra)


@pytest.mark.slow
def test_installed_command_reads_a_photo_and_keeps_models_in_the_home(installed, away):
    photo, _ = draw_photo(seed=3)
    cv2.imwrite(str(away["cwd"] / "people.png"), photo)
    command = [str(installed / "bin/emotion-ai"), "predict", "people.png", "--json"]
    done = subprocess.run(command, **away, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)[0]
    assert len(read["faces"]) >= 3
    assert all(face["expression"] and face["keypoints_px"] for face in read["faces"])
    own = away["cwd"] / "home" / "data" / "emotion-ai" / "models"
    assert {path.parent.name for path in own.glob("[!.]*/card.json")} == {"expression", "keypoints"}
    package = next(installed.glob("lib/python*/site-packages/emotion_ai"))
    where = (
        "from emotion_ai.settings import Settings; places = vars(Settings()); "
        "del places['shipped_data_dir']; print(*places.values())"  # which is only read
    )
    said = subprocess.run(
        [str(installed / "bin/python"), "-c", where], **away, capture_output=True, text=True
    ).stdout
    assert str(package) not in said
    assert str(ROOT) not in said


@pytest.mark.slow
def test_installed_command_opens_the_dashboard_and_ends_at_ctrl_c(installed, away):
    port = free_port()
    command = [installed / "bin/emotion-ai", "app", "--server.headless", "true"]
    with (away["cwd"] / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--server.port", str(port)], **away, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        for path in ("_stcore/health", "", "device/live.html"):
            assert answer(server, f"http://localhost:{port}/{path}", away["cwd"] / "log")
        with pytest.raises(urllib.error.URLError):  # config.toml came along: this machine alone
            urllib.request.urlopen(f"http://127.0.0.2:{port}/_stcore/health", timeout=2)
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
        assert "Traceback" not in (away["cwd"] / "log").read_text()
    finally:
        server.kill()
        server.wait()


def answer(server, url: str, log: Path) -> bytes:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.read()
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the dashboard did not answer:\n{log.read_text()[-2000:]}")


@pytest.mark.slow
def test_installed_pages_show_without_an_error(installed, away):
    """Every page, run by Streamlit's own test client from the installed files."""
    code = (
        "from streamlit.testing.v1 import AppTest; from emotion_ai.settings import ROOT\n"
        "app = AppTest.from_file(str(ROOT / 'streamlit_app.py'), default_timeout=120).run()\n"
        "for page in sorted((ROOT / 'pages').glob('*.py')):\n"
        "    app.switch_page(f'pages/{page.name}').run()\n"
        "    print(page.stem, len(app.exception), len(app.error), [t.value for t in app.title])\n"
    )
    done = subprocess.run(
        [str(installed / "bin/python"), "-c", code], **away, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    shown = [line for line in done.stdout.splitlines() if line]
    assert len(shown) == len(list((ROOT / "pages").glob("*.py")))
    for line in shown:
        assert " 0 0 ['" in line, line


def test_app_command_becomes_streamlit_with_the_options_given(monkeypatch):
    called = []
    monkeypatch.setattr(app.os, "execv", lambda path, words: called.append((path, words)))
    program.main(["app", "--server.port", "8600", "--theme.base=dark"])
    [(path, words)] = called
    assert path == words[0] == sys.executable
    assert words[1:3] == ["-m", "emotion_ai.ui.server"]
    assert Path(words[3]) == ROOT / "streamlit_app.py"
    assert words[4:] == ["--server.port", "8600", "--theme.base=dark"]


def test_option_that_streamlit_does_not_know_is_told_as_such(capsys):
    assert serve([str(ROOT / "streamlit_app.py"), "--server.nonsense", "1"]) == 2
    assert "--server.nonsense" in capsys.readouterr().err


def test_other_commands_refuse_options_they_do_not_know(capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(["predict", "people.png", "--server.port=8600"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --server.port=8600" in capsys.readouterr().err


def test_script_of_the_package_is_the_program():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["emotion-ai"].partition(":")
    assert getattr(sys.modules[module], function) is program.run


def test_checkout_keeps_everything_in_the_repository():
    here = Settings()
    assert here.models_dir == ROOT / "models"
    assert here.data_dir == ROOT / "data"
