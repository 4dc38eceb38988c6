"""Formats register themselves: one module is enough, and everything that lists them follows."""

import re

import numpy as np
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets import formats, import_dataset
from emotion_ai.datasets.formats.reading import Format
from emotion_ai.datasets.formats.recognise import known_formats, registered
from emotion_ai.errors import DatasetError
from emotion_ai.settings import ROOT
from tests.support.dataset_files import write_csv, write_tree

TOY = '''
"""Toy faces: a grey value and a mood a row."""

import numpy as np

from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts


def _read(table, label_set):
    def parse(number, fields):
        image = np.full((48, 48), int(fields[table.position("grey")]), np.uint8)
        return Sample(image, {"source": f"row {number}", "expression": fields[0]})

    return Reading("expression", 48, attempts(parse, table.rows()), table.count())


TABLES = (
    Format("toy table", "Toy faces", "mood and grey", lambda t: "grey" in t and "mood" in t, _read),
)
TREES = (
    Format("toy folder", "Toy faces", "a file toys.txt", lambda t: "toys.txt" in t.names, _read),
)
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A folder with one more module of formats, as if it lay beside the others."""
    folder = tmp_path / "more_formats"
    folder.mkdir()
    (folder / "toy_of_this_test.py").write_text(TOY)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(folder)])


def test_a_format_is_one_module(toy, tmp_path, data_dir):
    path = write_csv(tmp_path / "toys.csv", "mood,grey", ["happy,10", "sad,20", "happy,30"])
    dataset = import_dataset(path, data_dir).dataset
    assert dataset.description["format"] == "toy table"
    assert dataset.samples["expression"].tolist() == ["happy", "sad", "happy"]
    assert np.array_equal(dataset.images[:, 0, 0], [10, 20, 30])


def test_messages_and_help_name_a_new_format(toy, tmp_path, data_dir, capsys):
    other = write_csv(tmp_path / "other.csv", "a,b", ["1,2"])
    with pytest.raises(DatasetError, match=r"columns .*mood and grey.*; got 'a, b'"):
        import_dataset(other, data_dir)
    folder = write_tree(tmp_path / "letters", {"a.txt": b"Dear reader"})
    with pytest.raises(DatasetError, match=r"(?s)got a\.txt.*\n  toy folder: a file toys\.txt\n"):
        import_dataset(folder, data_dir)
    with pytest.raises(SystemExit):
        program.main(["data", "import", "--help"])
    assert "Toy faces" in capsys.readouterr().out


def test_without_it_the_toys_are_no_dataset(tmp_path, data_dir):
    path = write_csv(tmp_path / "toys.csv", "mood,grey", ["happy,10"])
    with pytest.raises(DatasetError, match="expected a CSV"):
        import_dataset(path, data_dir)


@pytest.mark.parametrize("kind", ["TABLES", "TREES"])
def test_every_layout_has_a_name_of_its_own_and_says_what_it_expects(kind):
    found = registered(kind)
    assert all(isinstance(one, Format) and one.expects and one.called for one in found)
    assert len({one.name for one in found}) == len(found) > 2
    assert len({one.expects for one in found}) == len(found)


def test_a_table_with_official_splits_is_asked_for_first():
    assert registered("TABLES")[0].name == "FER2013 CSV"
    assert registered("TREES")[0].name == "300-W"


@pytest.mark.parametrize("file", ["README.md", "data/README.md"])
def test_documents_name_every_format(file):
    text = re.sub(r"\s+", " ", (ROOT / file).read_text())
    assert [name for name in known_formats() if name not in text] == []
