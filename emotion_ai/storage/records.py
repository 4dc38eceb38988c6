"""Records in JSON files: read, checked against their type, and refused by the field that is wrong.

The type of a record is a ``TypedDict`` that names what the app relies on. Further fields may be
there, of a newer or an older version, and stay; what was read is handed on as it is.
"""

import json
import re
import stat
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from emotion_ai.errors import RecordError

#: Nothing that the app writes comes near these.
MAX_BYTES, MAX_DEPTH, MAX_DIGITS = 100_000_000, 32, 300

#: A finite number; a whole number from 0 that every program can hold; a share of 1; a name, a date
#: and what else stands in one line, without what would move a terminal's cursor.
Number = Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Line = Annotated[
    str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
]
#: Low and high.
Interval = tuple[Number, Number]

Record = TypeVar("Record")


def read_record(path: Path, kind: type[Record]) -> Record:
    """The record in ``path``; RecordError when it is no ``kind``, FileNotFoundError without one."""
    return checked(read_json(path), kind, path.name)


def read_json(path: Path) -> Any:
    """The JSON in ``path``; RecordError when it cannot be read, FileNotFoundError without it."""
    return parse(read_text(path), path.name)


def read_text(path: Path) -> str:
    """The text in ``path``; RecordError when it is none, FileNotFoundError without it."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
            raise RecordError(f"{path.name}: expected a file")
        if status.st_size > MAX_BYTES:
            raise RecordError(f"{path.name}: expected at most {MAX_BYTES / 1e6:.0f} MB")
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise
    except UnicodeDecodeError:
        raise RecordError(f"{path.name} is not text in UTF-8") from None
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        raise RecordError(f"{path.name}: {getattr(error, 'strerror', None) or error}") from None


def parse(content: str, name: str) -> Any:
    """The JSON in ``content``, called ``name`` in the RecordError where it is none.

    So is what JSON allows and programs stumble over later: numbers of hundreds of digits, nesting
    without end. Halves of characters (from file names that are not UTF-8) become question marks.
    """
    try:
        found = json.loads(content, parse_int=_whole_number)
    except _LongNumber as error:
        raise RecordError(f"{name}: a number of {error} digits") from None
    except ValueError:
        raise RecordError(f"{name} is not JSON") from None
    except RecursionError:
        raise RecordError(f"{name}: nested too deeply") from None
    # Few records have so many brackets: the others need no closer look.
    if content.count("[") + content.count("{") > MAX_DEPTH and _is_deep(found):
        raise RecordError(f"{name}: nested too deeply")
    if _ESCAPED_HALF.search(content):
        found = json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
    return found


_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class _LongNumber(ValueError):
    pass


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _LongNumber(len(digits))
    return int(digits)


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [each for one in inner for each in one if isinstance(each, dict | list)]
        if not level:
            return False
    return True


def checked(found: Any, kind: type[Record], name: str) -> Record:
    """``found`` when it is a ``kind``; RecordError names the field that is not: ``name: field: …``.

    Exact: a text of digits is no number.
    """
    try:
        msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise RecordError(f"{name}: {_in_words(str(error))}") from None
    return found


def checked_by(found: Any, field: str, kinds: dict[str, type[Record]], name: str) -> Record:
    """``checked`` against the one of ``kinds`` that the record's ``field`` names."""
    value = checked(found, dict, name).get(field)
    if not isinstance(value, str) or value not in kinds:
        came = f"got {value!r}"[:60] if field in found else "got none"
        raise RecordError(f"{name}: {field}: expected {' or '.join(kinds)}, {came}")
    return checked(found, kinds[value], name)


_WORDS = {
    "object": "an object", "array": "a list", "str": "text", "int": "a whole number",
    "float": "a number", "bool": "true or false", "null": "nothing",
}  # fmt: skip


def _in_words(message: str) -> str:
    """What msgspec says (``Expected `int`, got `str` - at `$.scores[0].n```), field first."""
    problem, _, where = message.partition(" - at ")
    field = where.replace("`", "").replace("key in", "a name in").replace("$.", "").lstrip("$")
    if lacking := re.fullmatch(r"Object missing required field `(.*)`", problem):
        return f"{field}.{lacking[1]} is missing".removeprefix(".")
    if "matching regex" in problem:
        problem = "Expected one line of text"
    words = re.sub(r"`([^`]*)`", lambda quoted: _named(quoted[1]), problem)
    words = f"{field and field + ': '}{words[:1].lower()}{words[1:]}"
    return "".join(c if c.isprintable() else "?" for c in words)[:300]


def _named(kinds: str) -> str:
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds.split(" | "))
