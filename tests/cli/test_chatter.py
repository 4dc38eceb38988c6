"""Commands say what they have to say, and the libraries below them nothing; errors are heard."""

import os
import re
import subprocess
import sys

import cv2
import pytest

from emotion_ai.cli.chatter import CHATTER
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.settings import ROOT

SAID = {
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    b"I0000 00:00:1795277076.999597   30799 port.cc:153] oneDNN custom operations are on.",
    b"W0000 00:00:1795277077.005761 1 computation_placer.cc:177] already registered",
    b"E0000 00:00:1.9   31357 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error",
    b"fully_quantize: 0, inference_type: 6, input_inference_type: UINT8",
}
HEARD = {
    b"error: no model 'nobody'",
    b"note: Using the simpler Haar detector",
    b"ERROR: Node number 3 (CONV_2D) failed to prepare.",
    b"E0000 00:00:1795277128.602727   31357 allocator.cc:52] out of memory",
    b"F0000 00:00:1795277128.602727   31357 tensor.cc:52] Check failed: false",
    b"Fatal Python error: Segmentation fault",
    b"INFORMATION",
}


@pytest.mark.parametrize("line", sorted(SAID | HEARD))
def test_chatter_is_told_from_errors(line):
    assert bool(CHATTER.match(line)) == (line in SAID)


def test_last_words_of_a_crash_are_heard():
    code = """
import os, sys
from emotion_ai.cli.chatter import only_own_words
with only_own_words():
    os.write(2, b"INFO: nothing new\\nERROR: out of memory\\n")
    print("own words", file=sys.stderr)
    os.write(2, b"Check failed")
    os.abort()
"""
    done = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, cwd=ROOT, text=True
    )
    said = done.stderr.read()  # to the end, which comes when the strainer is through
    assert done.wait() < 0
    assert sorted(said.splitlines()) == ["Check failed", "ERROR: out of memory", "own words"]


@pytest.fixture(scope="module")
def place(tmp_path_factory, drawn):
    """Data, models and runs of its own, and a photo."""
    folder = tmp_path_factory.mktemp("quiet")
    drawn("expression", 70, into=folder / "data")
    cv2.imwrite(str(folder / "photo.png"), synthetic.draw_photo(seed=1, faces=2)[0])
    (folder / "models").mkdir()
    for name in ("expression", "keypoints"):
        (folder / "models" / name).symlink_to(ROOT / "models" / name)
    return folder


def command(place, *arguments):
    own = {
        "EMOTION_AI_DATA": "data", "EMOTION_AI_MODELS": "models", "EMOTION_AI_RUNS": "runs",
        "EMOTION_AI_SERVING": "serving",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "emotion_ai", *arguments],
        env=os.environ | {name: str(place / value) for name, value in own.items()},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("arguments", "told", "result"),
    [
        ("predict {place}/photo.png", r"note: .*", r".*photo.png: \d faces?( +\d.*)*"),
        ("evaluate expression --data synthetic_expression --json", r"note: .*", r"\{.*\}"),
        ("train expression --data synthetic_expression --preset demo --epochs 1 --name one",
         r"run one|epoch 1/1: .*", r"one: best epoch 1/1: .*"),
        ("runs promote one mine", "", "saved as model mine"),
        ("export mine --format savedmodel litert", "", r".*serving/mine/1.*"),
    ],
    ids=["predict", "evaluate", "train", "promote", "export"],
)  # fmt: skip
def test_a_command_says_nothing_but_its_own_words(place, arguments, told, result):
    """In the order in which they build on each other."""
    done = command(place, *arguments.format(place=place).split())
    assert done.returncode == 0, done.stderr
    strange = [line for line in done.stderr.splitlines() if not re.fullmatch(told, line)]
    assert strange == []
    assert re.fullmatch(result, " ".join(done.stdout.splitlines()))
