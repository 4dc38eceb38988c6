"""The examples of ``api.md`` are tests: they run from top to bottom, in a folder with drawn photos,
a drawn film and a drawn dataset called as in the text."""

import cv2
import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from emotion_ai.datasets.drawn.synthetic import draw_photo, make_dataset
from emotion_ai.media.videos import film
from emotion_ai.settings import Settings


@pytest.fixture(scope="module")
def drawn_things(tmp_path_factory):
    """What the examples name, in the folder they run in."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "photos").mkdir()
    photo = draw_photo(seed=3)[0]
    for path in ("people.jpg", "photos/first.jpg", "photos/second.jpg"):
        cv2.imwrite(str(folder / path), photo)
    with film(folder / "clip.mp4") as writer:
        for step in range(4):
            writer.add(photo.copy(), step / 10)
    make_dataset(folder / "data", "expression", n=140, name="my_faces")
    here = Settings(data_dir=folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("emotion_ai.api.data.settings", lambda: here)
        yield


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], pattern="api.md", fixtures=["drawn_things"]
).pytest()
