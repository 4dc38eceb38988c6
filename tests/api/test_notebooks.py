"""The notebooks: the first look runs from top to bottom; every command of the training one is one
that the program knows. Both are kept without outputs."""

import json
import re
import shlex
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from emotion_ai.cli.program import build_parser
from emotion_ai.datasets.fetch import SOURCES
from emotion_ai.settings import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(path: Path, kind: str = "code") -> list[str]:
    return [c["source"] for c in nbformat.read(path, 4).cells if c["cell_type"] == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_kept_without_outputs(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_first_look_runs_and_its_confusion_matrix_counts_every_test_face(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "notebooks" / "first_look.ipynb", 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == 5
    check = (
        "import json\n"
        "print(json.dumps([len(faces), len(test), int(confusion.to_numpy().sum()),"
        " float(np.trace(confusion) / len(test)), scores['accuracy']]))"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(check))
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": tmp_path}}).execute()
    picture = code[0].outputs[-1]["data"]
    assert "image/png" in picture
    faces, tested, counted, trace, accuracy = json.loads(notebook.cells[-1].outputs[0]["text"])
    assert faces >= 3
    assert tested == counted == 70  # a fifth of 350
    assert trace == pytest.approx(accuracy)


def commands(path: Path) -> list[str]:
    """Lines for the shell: ``!emotion-ai …`` in cells, ``emotion-ai …`` in what is told."""
    told = "\n".join(cells(path, "markdown"))
    lines = [line[1:] for cell in cells(path) for line in cell.splitlines() if line[:1] == "!"]
    lines += told.splitlines() + re.findall(r"`(.+?)`", told)
    lines = [re.sub(r"^(EMOTION_AI_\w+=\S+ )+", "", line) for line in lines]
    return [line for line in lines if line.startswith("emotion-ai ")]


def test_every_command_of_the_training_notebook_is_one_of_the_program():
    found = commands(ROOT / "notebooks" / "train_on_gpu.ipynb")
    assert len(found) >= 8
    for line in found:
        build_parser().parse_args(shlex.split(line)[1:])  # ends the test where it is none
    assert "fer2013" in SOURCES
