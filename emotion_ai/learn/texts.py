"""The chapters' words, kept apart from the code: ``texts/<language>.toml``.

Another language is added by dropping its file in; what it lacks is said in English.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emotion_ai.errors import ConfigError

FOLDER = Path(__file__).with_name("texts")
DEFAULT = "en"
#: In the order of the shelf: the names in links and in the files of texts.
CHAPTERS = (
    "neuron",
    "layers",
    "descent",
    "splits",
    "convolution",
    "residual",
    "mirror",
    "precision",
    "service",
    "limits",
)
#: The eleventh, a page of its own: it is read and learnt in the visitor's browser.
TEACH = "teach"
SHELF = (*CHAPTERS, TEACH)

#: Numbers that a chapter's code uses and its words name, in braces: where a control starts, how
#: long something goes on.
NUMBERS = {
    "neuron": {"layers": 20},
    "layers": {"steps": 300},
    "descent": {"start_rate": 0.1, "steps": 40},
    "service": {"start_versions": 3},
}


@dataclass(frozen=True)
class Words:
    """One part of a language's texts: the shelf or a chapter."""

    part: str
    entries: dict
    fallback: dict

    def __call__(self, key: str, **values) -> str:
        """The text called ``key`` with ``{names}`` filled in, of ``values`` and ``NUMBERS``."""
        return self._get(key).format(**NUMBERS.get(self.part, {}) | values)

    def of_view(self, key: str, view: str) -> str:
        """``key`` of that view, where it has one of its own; else the chapter's: a key."""
        own = f"{key}_{view}"
        return own if own in self.fallback else key

    def lines(self, key: str) -> list[str]:
        return [line.format(**NUMBERS.get(self.part, {})) for line in self._get(key)]

    def _get(self, key: str):
        # An English text must be there: a missing one is a mistake of ours and raises KeyError.
        return self.entries.get(key, self.fallback[key])


def languages() -> dict[str, str]:
    """``{"en": "English", …}``: every language there is a file for, English first."""
    codes = sorted((path.stem for path in FOLDER.glob("*.toml")), key=lambda c: (c != DEFAULT, c))
    return {code: _load(FOLDER, code).get("language", code) for code in codes}


def words(part: str, language: str = DEFAULT) -> Words:
    """The texts of ``"shelf"`` or of a chapter, and those shared by all; an unknown language is
    English."""
    if language not in languages():
        language = DEFAULT
    chosen, english = _load(FOLDER, language), _load(FOLDER, DEFAULT)
    own = {**chosen.get("shared", {}), **chosen.get(part, {})}
    return Words(part, own, {**english["shared"], **english[part]})


@cache
def _load(folder: Path, code: str) -> dict:
    try:
        return tomllib.loads((folder / f"{code}.toml").read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{code}.toml is not TOML: {error}") from None
