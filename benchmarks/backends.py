"""A run trained under JAX scores the same once it is a saved model under TensorFlow.

Run with ``python benchmarks/backends.py --jax PYTHON``: the interpreter of an environment with
``pip install -r requirements-app.txt keras jax`` (no TensorFlow); without it, this one's JAX.
Trains the demo network for two epochs on 2,000 drawn faces, under JAX on the processor, for both
tasks; promotes the run here, as float and as int8; compares the scores on the validation faces. A
float model must give the run's own scores, an int8 one may differ by a face in a hundred.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FACES, EPOCHS = 2000, 2
#: Measure of each task, and what a float and an int8 model may differ by: shares, pixels.
MEASURES = {"expression": ("accuracy", 0.0, 0.01), "keypoints": ("rmse_px", 0.01, 0.1)}
_LOADED = "import sys, keras; print(keras.backend.backend(), 'tensorflow' in sys.modules)"


def emotion_ai(python: str, *words: str, **changes: str) -> str:
    """What a command prints; its own errors come through."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    command = [python, "-m", "emotion_ai", *words]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def compare(task: str, jax_python: str, folder: Path) -> bool:
    measure, float_margin, int8_margin = MEASURES[task]
    run, data = f"jax-{task}", f"synthetic_{task}"
    started = time.monotonic()
    words = ("--data", data, "--preset", "demo", "--epochs", str(EPOCHS), "--name", run)
    emotion_ai(jax_python, "train", task, *words, KERAS_BACKEND="jax")
    trained_s = time.monotonic() - started
    [own] = json.loads((folder / "runs" / run / "scores.json").read_text())["scores"]
    print(f"\n{task}, {own['n']} validation faces, {EPOCHS} epochs under JAX in {trained_s:.0f} s")
    print(f"  {'the run itself':16}{measure} {own[measure]:.4f}")
    good = True
    for name, options, margin in (("float", ["--float"], float_margin), ("int8", [], int8_margin)):
        model = f"{task}_{name}"
        emotion_ai(sys.executable, "runs", "promote", run, model, *options)
        said = emotion_ai(
            sys.executable, "evaluate", model, "--data", data, "--split", "validation", "--json"
        )
        found = json.loads(said)[measure]
        within = abs(found - own[measure]) <= margin + 1e-9
        good &= within
        print(f"  {'promoted, ' + name:16}{measure} {found:.4f}  {'ok' if within else 'DIFFERS'}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jax", metavar="PYTHON", default=sys.executable)
    chosen = parser.parse_args().jax
    if chosen == sys.executable and find_spec("jax") is None:
        print("no JAX here: name an interpreter that has it with --jax PYTHON")
        return 0
    said = subprocess.run(
        [chosen, "-c", _LOADED], env={**os.environ, "KERAS_BACKEND": "jax"},
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.split()  # fmt: skip
    print(f"backend {said[0]}, TensorFlow loaded: {said[1]}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("data", "models", "runs", "cache"):
            os.environ[f"EMOTION_AI_{name.upper()}"] = str(folder / name)
        emotion_ai(sys.executable, "data", "synthetic", "--n", str(FACES))
        same = {task: compare(task, chosen, folder) for task in MEASURES}
        return 0 if all(same.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
