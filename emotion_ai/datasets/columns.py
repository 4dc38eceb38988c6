"""A dataset's own columns: age group, occlusion, valence, whatever its source brought along.

The table keeps them as they came. Here each becomes words or numbers that can be filtered, sorted,
coloured and plotted by. Titles and words are tidied (one line, nothing invisible); whoever shows
them still escapes them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emotion_ai.errors import ConfigError
from emotion_ai.labels import COORDINATE_COLUMNS, MAX_NAME, VOTE_COLUMNS, class_key, is_text

#: Numbers of up to so many kinds are also offered one by one; words of up to so many.
FEW_NUMBERS, FEW_WORDS = 12, 100
#: Stands for what a row does not say.
NO_VALUE = "no value"
#: What people write into a column of numbers where there is none.
_NONE = {"", "-", "–", "?", "na", "n/a", "nan", "none", "null", "nil", "unknown", NO_VALUE}
#: From here on two whole numbers may be one float: these are names, not amounts.
_EXACT = 2.0**53
#: A number that begins with a nought is none.
_CODE = r"\s*[-+]?0\d"
_OURS = {"split", "source", "group", "digest", "expression", *VOTE_COLUMNS, *COORDINATE_COLUMNS}
#: What formats that know people or parts of a set call these.
_SPOKEN_FOR = _OURS | {"subject", "subset"}


@dataclass(frozen=True)
class Among:
    """Rows that say one of these ``values``, of which ``NO_VALUE`` may be one."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """Rows with a number from ``low`` to ``high``, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class Containing:
    """Rows whose words hold ``text``, whatever its case."""

    text: str


Filter = Among | Between | Containing


@dataclass(frozen=True)
class Column:
    """A column of N rows. ``numbers``: float64 (N,), NaN without one; None for words. ``codes``:
    int64 (N,), the place of a row's word in ``words``, -1 without one; numbers of more than
    ``FEW_NUMBERS`` kinds have no words, and codes of -1 alone."""

    title: str
    numbers: np.ndarray | None
    codes: np.ndarray
    words: tuple[str, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """What rows may be chosen by one by one; () where that would be too many."""
        if not self.words or len(self.words) > FEW_WORDS:
            return ()
        return (*self.words, NO_VALUE) if self.lacking.any() else self.words

    @property
    def lacking(self) -> np.ndarray:
        """bool (N,): the rows that say nothing."""
        return self.codes < 0 if self.numbers is None else np.isnan(self.numbers)

    @property
    def order(self) -> np.ndarray:
        """float64 (N,): what to sort by, NaN where there is no value."""
        if self.numbers is not None:
            return self.numbers
        return np.where(self.codes >= 0, self.codes.astype(float), np.nan)

    @property
    def labels(self) -> np.ndarray:
        """object (N,): each row's word, or ``NO_VALUE``; numbers of many kinds have none."""
        return np.array([*self.words, NO_VALUE], object)[self.codes]

    @property
    def span(self) -> tuple[float, float]:
        """Of a column of numbers: the least and the largest."""
        return float(np.nanmin(self.numbers)), float(np.nanmax(self.numbers))

    @property
    def is_whole(self) -> bool:
        """Whether all numbers are whole."""
        known = self.numbers[~self.lacking]
        return bool((known == np.round(known)).all())

    def text_of(self, row: int) -> str:
        """What one row says, "" for nothing."""
        if self.numbers is None:
            return self.words[self.codes[row]] if self.codes[row] >= 0 else ""
        return "" if np.isnan(self.numbers[row]) else number_text(self.numbers[row], 3)

    def passes(self, wanted: Filter) -> np.ndarray:
        """bool (N,): the rows that a filter lets through; ConfigError for one between numbers where
        there are none."""
        if isinstance(wanted, Containing):
            inside = class_key(wanted.text.strip())
            fitting = np.array([inside in class_key(word) for word in self.words] + [False])
            return fitting[self.codes]
        if isinstance(wanted, Among):
            fitting = np.isin([*self.words, ""], wanted.values)
            return fitting[self.codes] | (self.lacking & (NO_VALUE in wanted.values))
        if self.numbers is None:
            raise ConfigError(f"column {self.title!r}: expected words to look for, got a range")
        return (self.numbers >= wanted.low) & (self.numbers <= wanted.high)  # never true of NaN


def own_columns(samples: pd.DataFrame) -> dict[str, Column]:
    """The columns beyond those that the app itself understands, by title, in the table's order;
    those that tell no rows apart are left out."""
    found: dict[str, Column] = {}
    for place, name in enumerate(samples.columns):
        if name not in _OURS:
            title = _free(_tidy(name) or f"column {place + 1}", found)
            if column := _column(title, samples.iloc[:, place]):
                found[title] = column
    return found


def _free(title: str, taken: dict[str, Column]) -> str:
    titles = [title, *(f"{title} ({n})" for n in range(2, len(taken) + 3))]
    return next(one for one in titles if one not in taken)


def _tidy(value: object) -> str:
    """One short line of what can be seen."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    text = str(value)[: 4 * MAX_NAME]
    if not text.isprintable():
        text = "".join(c for c in text if c.isspace() or is_text(c))
    return " ".join(text.split())[:MAX_NAME].rstrip()


def _column(title: str, series: pd.Series) -> Column | None:
    """None where all rows say the same."""
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        numbers = series.to_numpy(np.float64, na_value=np.nan)
        if _are_amounts(numbers):
            return _of_numbers(title, numbers)
    try:
        codes, kinds = pd.factorize(series)
    except TypeError:  # lists and the like
        codes, kinds = pd.factorize(series.map(str, na_action="ignore"))
    said = [_tidy(kind) for kind in kinds]
    numbers = _parsed(said)
    if numbers is not None and _are_amounts(numbers):
        return _of_numbers(title, np.r_[numbers, np.nan][codes])
    words = sorted({word for word in said if word}, key=_natural)
    place = {word: i for i, word in enumerate(words)} | {"": -1}
    codes = np.array([place[word] for word in said] + [-1], np.int64)[codes]
    differs = len(words) + (codes < 0).any() > 1 and words
    return Column(title, None, codes, tuple(words)) if differs else None


def _of_numbers(title: str, values: np.ndarray) -> Column | None:
    values = np.where(np.isinf(values), np.nan, values)
    known = ~np.isnan(values)
    distinct = np.unique(values[known])
    if len(distinct) + (not known.all()) < 2 or not len(distinct):
        return None
    if len(distinct) > FEW_NUMBERS:
        return Column(title, values, np.full(len(values), -1), ())
    codes = np.where(known, np.searchsorted(distinct, values), -1)
    return Column(title, values, codes, tuple(map(number_text, distinct)))


def kept_names(names: Sequence[str]) -> list[str]:
    """What the table calls further columns of a source: each its own name, none of them ours."""
    kept: list[str] = []
    for i, name in enumerate(names):
        plain = re.sub(r"\W+", "_", name).strip("_")[:40] or _tidy(name)
        free = plain and plain not in _SPOKEN_FOR and plain not in kept
        kept.append(plain if free else f"{plain or 'column'}_{i}")
    return kept


def with_numbers(texts: pd.Series) -> pd.Series:
    """A column as it is kept: numbers where every text is one, else as it was. A code (007) keeps
    its noughts, and a name of many digits all of them."""
    if pd.api.types.infer_dtype(texts, skipna=True) in ("boolean", "empty"):
        return texts
    said = texts.map(str, na_action="ignore")  # a file holds no words and numbers in one column
    if said.str.match(_CODE).any():
        return said
    numbers = pd.to_numeric(texts, errors="coerce")
    if numbers.isna().sum() > texts.isna().sum():
        return said
    return numbers if _are_amounts(numbers.to_numpy(np.float64)) else said


def _parsed(said: list[str]) -> np.ndarray | None:
    """float64 (K,): the number that each word is, NaN for none; None where they are words. Those
    that begin with a 0 are codes."""
    if any(re.match(_CODE, word) for word in said):
        return None
    texts = pd.Series(said, dtype=object)
    blank = texts.str.casefold().isin(_NONE).to_numpy(bool)
    numbers = pd.to_numeric(texts.mask(blank), errors="coerce").to_numpy(np.float64)
    return None if (np.isnan(numbers) & ~blank).any() or blank.all() else numbers


def _are_amounts(numbers: np.ndarray) -> bool:
    """Whether float64 (N,) tells numbers apart; those of names like 12345678901234567890 do not."""
    return not (np.abs(numbers[np.isfinite(numbers)]) >= _EXACT).any()


def number_text(value: float, digits: int = 12) -> str:
    """``"3"``, ``"-0.25"``: whole numbers whole, others with up to ``digits`` digits."""
    whole = float(value).is_integer() and abs(value) < _EXACT
    return f"{int(value)}" if whole else f"{value:.{digits}g}"


def _natural(word: str) -> tuple:
    """Sorts 9 before 10, whatever the case: ``4-19`` before ``20-39``."""
    parts = re.split(r"(\d+)", class_key(word))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
