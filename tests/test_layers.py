"""Dependencies point downward; the dashboard's process stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "emotion_ai"
MODULES = sorted(PACKAGE.rglob("*.py"))
#: What the dashboard imports for browsing and live inference.
DASHBOARD = (
    "predictor", "datasets", "datasets.synthetic", "scoring", "evaluation", "augmentation",
    "drawing", "model_store", "training.runs", "training.config", "training.queue",
    "training.checks", "training.probe", "training.trainer", "training.score",
    "cli", "live", "video",
    "assessment", "explain", "gradcam", "report.page", "serving.network", "serving.exports",
    "switching", "model_versions", "training.promotion", "training.search_worker",
)  # fmt: skip


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_streamlit_stays_in_ui_and_tf_data_nowhere(path):
    names = {name.split(".")[0] for name in imported(path)}
    if "ui" not in path.relative_to(PACKAGE).parts:
        assert "streamlit" not in names
    if path.name not in ("promote.py", "gradcam.py", "export.py"):
        assert "tensorflow" not in names  # conversion and gradients need it; networks do not


@pytest.mark.parametrize("name", ["labels", "errors"])
def test_the_lowest_modules_depend_on_nothing_above(name):
    own = {n for n in imported(PACKAGE / f"{name}.py") if n.startswith("emotion_ai")}
    assert own <= {"emotion_ai.errors"}


def test_run_folders_need_neither_keras_nor_arrays():
    names = {name.split(".")[0] for name in imported(PACKAGE / "training" / "runs.py")}
    assert not names & {"keras", "numpy", "pandas"}


def test_the_dashboard_imports_no_tensorflow_and_the_package_no_streamlit():
    modules = ", ".join(f"emotion_ai.{name}" for name in DASHBOARD)
    check = (
        f"import sys, {modules}\n"
        "heavy = {'tensorflow', 'keras', 'streamlit', 'optuna'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", check], check=True, cwd=PACKAGE.parent)
