"""Which dataset a file or folder is, told by its content and never by its name."""

import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

from emotion_ai.datasets import formats
from emotion_ai.datasets.formats import ferplus, pictures_table
from emotion_ai.datasets.formats.archive import Files, Folder, Tree, damage_named, open_tree
from emotion_ai.datasets.formats.csv_rows import CsvTable, tables_in
from emotion_ai.datasets.formats.image_files import is_image
from emotion_ai.datasets.formats.reading import Format, Reading
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet


def registered(kind: str) -> list[Format]:
    """Every format of the modules in this folder, the highest rank first; ``kind`` is ``"TABLES"``
    or ``"TREES"``."""
    names = [module.name for module in pkgutil.iter_modules(formats.__path__)]
    modules = [import_module(f"{formats.__name__}.{name}") for name in names]
    found = [one for module in modules for one in getattr(module, kind, ())]
    return sorted(found, key=lambda one: -one.rank)


def known_formats() -> list[str]:
    """What the formats are called by people, each once, in the order of the alphabet."""
    every = registered("TABLES") + registered("TREES")
    return sorted({one.called for one in every}, key=str.lower)


@contextmanager
def recognise(path: Path, label_set: LabelSet | None = None) -> Iterator[Reading]:
    """The reading of a CSV, zip or folder, open as long as the context.

    ``label_set`` overrides which numbering a CSV's expressions follow. DatasetError says what was
    expected and what came.
    """
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"no file or folder {path}")
    if path.is_dir() or (path.is_file() and _starts(path, b"PK\3\4", b"PK\5\6")):
        with open_tree(path) as tree:
            yield _recognise_tree(path.name, tree, label_set)
    elif path.is_file() and _starts(path, b"PAR1", b"MATL", b"\x89HDF"):
        yield _recognise_tree(path.name, Files(path.parent, [path.name]), label_set)
    elif path.is_file() and pictures_table.fits(CsvTable(path.name, partial(path.open, "rb"))):
        beside = Folder(path.parent)  # without tables that others put there
        names = [n for n in beside.names if is_image(n)] + [path.name]
        yield _recognise_tree(path.name, Files(path.parent, names), label_set)
    elif path.is_file():
        yield _recognise_table(CsvTable(path.name, partial(path.open, "rb")), label_set)
    else:
        raise DatasetError(f"{path.name}: not a file or folder")


def _starts(path: Path, *magic: bytes) -> bool:
    with damage_named(path.name), path.open("rb") as file:
        return file.read(4) in magic


def _recognise_table(table: CsvTable, label_set: LabelSet | None) -> Reading:
    if found := _format_of(table, "TABLES"):
        return _read(found, table, label_set)
    if ferplus.is_votes(table):
        raise DatasetError(
            f"{table.name}: these are FER+ votes without images; give them beside the images "
            "of FER2013 (--votes)"
        )
    expected = "; or ".join(one.expects for one in registered("TABLES"))
    came = ", ".join(table.columns)[:120]
    raise DatasetError(f"{table.name}: expected a CSV with the columns {expected}; got {came!r}")


def _recognise_tree(name: str, tree: Tree, label_set: LabelSet | None) -> Reading:
    lines = sorted(f"\n  {one.name}: {one.expects}" for one in registered("TREES"))
    expected = f"expected one of{''.join(lines)}\n  or a CSV of faces"
    if not tree.names:
        raise DatasetError(f"{name}: nothing in it: {expected}")
    if found := _format_of(tree, "TREES"):
        return _read(found, tree, label_set)
    tables, problems = tables_in(tree)
    known = [(found, table) for table in tables if (found := _format_of(table, "TABLES"))]
    if known:  # competitions ship several tables
        return _read(*max(known, key=lambda one: one[0].rank), label_set)
    if tables:
        return _recognise_table(tables[0], label_set)  # says what its columns lack
    if problems:
        raise problems[0]
    shown = ", ".join(tree.names[:3]) + (" …" if len(tree.names) > 3 else "")
    raise DatasetError(f"{name}: got {shown[:160]}: {expected}")


def _format_of(source: CsvTable | Tree, kind: str) -> Format | None:
    return next((one for one in registered(kind) if one.recognises(source)), None)


def _read(found: Format, source: CsvTable | Tree, label_set: LabelSet | None) -> Reading:
    reading = found.read(source, label_set)
    reading.format = found.name
    return reading
