"""What the dashboard's process loads: with every page open, neither TensorFlow nor Keras."""

import subprocess
import sys

from emotion_ai.settings import ROOT

VISITS = """
import sys
from pathlib import Path
from tests.support.app_pages import open_page

def nothing_learns(page):
    loaded = {"tensorflow", "keras", "torch", "jax"} & set(sys.modules)
    assert not loaded, f"{page} loads {loaded}"

for page in sorted(path.stem for path in Path("pages").glob("*.py")):
    app = open_page(page)
    nothing_learns(page)
    if page == "photo":
        assert app.dataframe  # read by the models
app = open_page("datasets", data="flawed", tab="Problems", kind="Suspect labels")
nothing_learns("datasets, problems")
app = open_page("learn", chapter="convolution")
app.segmented_control(key="convolution_view").set_value("filters").run()
assert not app.exception and app.get("plotly_chart")
nothing_learns("learn, filters")
"""


def test_no_page_imports_tensorflow_or_keras(flawed_shelf, use_places, tmp_path):
    use_places(data=flawed_shelf / "data", cache=tmp_path / "cache", runs=tmp_path / "runs")
    done = subprocess.run(
        [sys.executable, "-c", VISITS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
