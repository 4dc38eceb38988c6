"""The documents about the code stay true while it changes."""

import re

import pytest

from emotion_ai.settings import ROOT

PAGE = ROOT / "docs" / "architecture.md"
ROWS = re.findall(r"^\| ([^|]+) \| `([^`|]+)` \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
#: ``room/module.py`` of the package, or a path from the repository's root.
FILES = re.compile(r"`([a-z_]+(?:/[a-z_0-9]+)*(?:\.[a-z]+|/))`")


def test_there_are_about_twenty_ways_into_the_code():
    assert len(ROWS) >= 20


@pytest.mark.parametrize(("change", "file", "names"), ROWS, ids=[row[0] for row in ROWS])
def test_the_file_to_open_is_there_with_what_is_named(change, file, names):
    path = ROOT / file
    assert path.exists(), f"to change {change}: no {file}"
    inside = path.read_text() if path.is_file() else ""
    for name in re.findall(r"`([^`]+)`", names):
        assert re.search(rf"\b{re.escape(name)}\b", inside), f"{file} does not hold {name}"


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_file_named_in_the_text_exists(page):
    text = (ROOT / page).read_text()
    for name in FILES.findall(text):
        places = (ROOT / name, ROOT / "emotion_ai" / name, ROOT / "emotion_ai/ui" / name)
        assert any(place.exists() for place in places), f"{page} names {name}"


def test_tests_and_benchmarks_named_anywhere_exist():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("models/**/*.md")]
    named = {
        (page.name, path)
        for page in pages
        for path in re.findall(r"\b((?:tests|benchmarks)/[\w/]+\.py)\b", page.read_text())
    }
    assert len(named) > 20
    assert {entry for entry in named if not (ROOT / entry[1]).exists()} == set()


def test_every_room_is_in_the_picture():
    picture = PAGE.read_text().split("```mermaid")[1].split("```")[0]
    rooms = {path.parent.name for path in (ROOT / "emotion_ai").glob("*/__init__.py")}
    assert rooms - set(re.findall(r"\b[a-z_]+\b", picture)) == set()
