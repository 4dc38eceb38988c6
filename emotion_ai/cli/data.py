"""``emotion-ai data import | fetch | synthetic | shipped | list | show | compare | marks``."""

import argparse
import json
from contextlib import suppress
from pathlib import Path

from emotion_ai.audit.opinions import (
    conflicts_table,
    merge,
    opinions_of,
    read_opinions,
    rows_of,
)
from emotion_ai.audit.opinions import summary as agreement
from emotion_ai.cli.compare import add_compare
from emotion_ai.datasets.drawn import shipped, synthetic
from emotion_ai.datasets.fetch import SOURCES, fetch
from emotion_ai.datasets.formats.recognise import known_formats
from emotion_ai.datasets.importing import import_dataset
from emotion_ai.datasets.marks import load_marks, marks_table, put_marks
from emotion_ai.datasets.splits import SPLIT_RULES
from emotion_ai.datasets.store import SPLITS, TASKS, Dataset, find_dataset, survey
from emotion_ai.labels import LABEL_SETS
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings
from emotion_ai.storage.files import left_behind, staged_folders

#: Skipped rows printed after an import; dataset.json keeps twenty, the count says the rest.
_SHOWN = 5


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``data`` to the program's commands; each handler returns its exit code."""
    data = subparsers.add_parser("data", help="import, list and show datasets")
    actions = data.add_subparsers(required=True, metavar="ACTION")

    add = actions.add_parser("import", help="import a CSV, zip or folder, told by its content",
                             description=f"Recognised: {', '.join(known_formats())}.")  # fmt: skip
    add.add_argument("path", type=Path, metavar="PATH")
    add.add_argument("--votes", type=Path, metavar="FILE", help="FER+ votes for FER2013")
    add.add_argument("--name", help="the dataset's name (default: from the file's)")
    add.add_argument("--strict", action="store_true", help="fail at the first bad row or file")
    add.add_argument(
        "--split", choices=SPLIT_RULES, help="split this way even if there is an official split"
    )
    add.add_argument("--seed", type=int, default=0, help="of the split (default 0)")
    add.add_argument("--label-set", choices=LABEL_SETS, help="how a CSV numbers its expressions")
    add.add_argument(
        "--detect", action="store_true", help="cut the face out of pictures that are more than one"
    )
    add.add_argument("--replace", action="store_true", help="replace a dataset of that name")
    add.set_defaults(handler=run_import)

    public = actions.add_parser("fetch", help="download and import a public dataset")
    public.add_argument("name", choices=SOURCES)
    public.add_argument("--replace", action="store_true", help="replace a dataset of that name")
    public.set_defaults(handler=run_fetch)

    draw = actions.add_parser("synthetic", help="draw faces with exact labels")
    draw.add_argument("--task", choices=TASKS, help="only for this task (default: both)")
    draw.add_argument("--n", type=int, default=2000, help="faces per dataset, at least 35")
    draw.add_argument("--seed", type=int, default=0)
    draw.set_defaults(handler=run_synthetic)

    ours = actions.add_parser("shipped", help="draw the two that come with the app once more",
                              description="The same files each time, as in data/.")  # fmt: skip
    ours.add_argument("folder", type=Path, metavar="FOLDER")
    ours.set_defaults(handler=run_shipped)

    listing = actions.add_parser("list", help="every dataset")
    listing.set_defaults(handler=run_list)

    show = actions.add_parser("show", help="splits, labels and origin of one dataset")
    show.add_argument("name", metavar="NAME")
    show.add_argument("--json", action="store_true", help="print dataset.json")
    show.set_defaults(handler=run_show)

    add_compare(actions)

    marks = actions.add_parser("marks", help="what people marked in a dataset, as CSV")
    marks.add_argument("name", metavar="NAME")
    marks.add_argument(
        "--import", dest="files", nargs="+", type=Path, metavar="CSV",
        help="take over marks of the same pictures, of this or another copy; of two files what "
        "both agree on or one alone decided, the conflicts are printed",
    )  # fmt: skip
    marks.set_defaults(handler=run_marks)


def run_import(arguments: argparse.Namespace) -> int:
    with progress_bar(f"importing {arguments.path.name}") as progress:
        report = import_dataset(
            arguments.path,
            settings().data_dir,
            name=arguments.name,
            votes=arguments.votes,
            strict=arguments.strict,
            split=arguments.split,
            seed=arguments.seed,
            label_set_name=arguments.label_set,
            replace=arguments.replace,
            detect=arguments.detect,
            progress=progress,
        )
    print("\n".join(summary(report.dataset)))
    for message in report.skipped[:_SHOWN]:
        print(f"  {message}")
    if len(report.skipped) > _SHOWN:
        print(f"  … and {len(report.skipped) - _SHOWN:,} more")
    return 0


def run_fetch(arguments: argparse.Namespace) -> int:
    with progress_bar(f"fetching {arguments.name}") as progress:
        report = fetch(arguments.name, settings().data_dir, progress, replace=arguments.replace)
    print("\n".join(summary(report.dataset)))
    return 0


def run_marks(arguments: argparse.Namespace) -> int:
    dataset = find_dataset(arguments.name, *settings().data_dirs)
    if arguments.files:
        return _import_marks(dataset, arguments.files)
    print(marks_table(dataset, load_marks(dataset)).to_csv(index=False), end="")
    return 0


def _import_marks(dataset: Dataset, files: list[Path]) -> int:
    """Each file is merged with what is there: first the dataset's own marks, if any, which stay as
    they are."""
    own = load_marks(dataset)
    opinions, marks, elsewhere = opinions_of(dataset, own), {}, 0
    for path in files:
        told = read_opinions(path)
        merged = merge(opinions, told.opinions) if opinions else None
        if merged:
            print(f"{path.name}: {agreement(merged)}")
            if merged.conflicts:
                print(conflicts_table(dataset, merged).to_csv(index=False), end="")
        # What is there stays where the other disagrees: a conflict is for people to settle.
        new = {digest: m for digest, m in told.opinions.items() if digest not in opinions}
        found, lacking = rows_of(dataset, new, told)
        opinions, marks, elsewhere = opinions | new, marks | found, elsewhere + lacking
    marked = put_marks(dataset, marks) if marks else own
    print(f"{dataset.name}: {len(marked):,} images marked; {elsewhere:,} pictures are not in it")
    return 0


def run_synthetic(arguments: argparse.Namespace) -> int:
    for task in [arguments.task] if arguments.task else TASKS:
        with progress_bar(f"drawing faces for {task}") as progress:
            dataset = synthetic.make_dataset(
                settings().data_dir, task, arguments.n, arguments.seed, progress=progress
            )
        print("\n".join(summary(dataset)))
    return 0


def run_shipped(arguments: argparse.Namespace) -> int:
    for draw in (shipped.draw_expression_set, shipped.draw_keypoint_set):
        with progress_bar("drawing faces") as progress:
            dataset = draw(arguments.folder, progress=progress)
        print("\n".join(summary(dataset)))
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    datasets, damaged = survey(*settings().data_dirs)
    others = [*damaged.values(), *_unfinished()]
    if not datasets:
        none = ["no datasets yet: emotion-ai data import PATH"] * (not damaged)
        print("\n".join([*none, *others]))
        return 0
    rows = [("name", "task", "images", *SPLITS, "from")]
    for dataset in datasets:
        about = dataset.description
        counts = [f"{about['splits'].get(split, 0):,}" for split in SPLITS]
        rows.append(
            (dataset.name, dataset.task, f"{len(dataset):,}", *counts, about.get("format", ""))
        )
    print("\n".join([*_table(rows, right=range(2, 6)), *others]))
    return 0


def _unfinished() -> list[str]:
    """A line for every import that is under way or was ended before it was done."""
    folder = settings().data_dir
    left, lines = left_behind(folder), []
    for path, name in staged_folders(folder).items():
        size = 0
        with suppress(FileNotFoundError):  # done just now
            size = sum(item.stat().st_size for item in path.rglob("*") if item.is_file())
        what = "being imported"
        if path in left:
            what = "left by an import that was stopped; the next one removes it"
        lines.append(f"{name}: {size / 1e6:,.1f} MB, {what}")
    return lines


def run_show(arguments: argparse.Namespace) -> int:
    dataset = find_dataset(arguments.name, *settings().data_dirs)
    if arguments.json:
        print(json.dumps(dataset.description, indent=1))
    else:
        print("\n".join(summary(dataset)))
    return 0


def summary(dataset: Dataset) -> list[str]:
    """A dataset in a few lines of text."""
    about = dataset.description
    size = f"{about['size_px']} × {about['size_px']} px"
    if about["border_px"]:
        size += f" and {about['border_px']} px around"
    lines = [f"{dataset.name}: {len(dataset):,} images, {dataset.task}, {size}"]
    if "about" in about:
        lines.append(about["about"])
    if "format" in about and "source" in about:
        lines.append(f"from {about['source']['name']} ({about['format']})")
    if "split_rule" in about:
        lines.append(f"split: {about['split_rule']}")
    lines += [""] + (_expressions(dataset) if dataset.task == "expression" else _points(dataset))
    lines.append("")
    if duplicates := about.get("duplicates"):
        leaks = "".join(
            f", {n:,} of {split} also in train" for split, n in duplicates["also_in_train"].items()
        )
        lines.append(
            f"exact duplicates: {duplicates['surplus']:,} surplus images "
            f"in {duplicates['groups']:,} groups{leaks}"
        )
    if about.get("with_votes"):
        lines.append(f"FER+ votes: {about['with_votes']:,} images")
    if about.get("resized"):
        lines.append(f"scaled from another size: {about['resized']:,} images")
    if "skipped" in about:
        lines.append(f"left out: {about['skipped']['count']:,}")
    lines.append(f"digest: {dataset.digest}")
    return lines


def _expressions(dataset: Dataset) -> list[str]:
    about, names = dataset.description, dataset.labels.expressions
    splits = [split for split in SPLITS if split in about["splits"]]
    rows = [("expression", *splits)]
    for name in names:
        counts = (about["expressions"].get(split, {}).get(name, 0) for split in splits)
        rows.append((name, *(f"{n:,}" for n in counts)))
    rows.append(("all", *(f"{about['splits'][split]:,}" for split in splits)))
    return _table(rows, right=range(1, 4))


def _points(dataset: Dataset) -> list[str]:
    about = dataset.description
    some = len(dataset) - about["complete"] - about["unlabelled"]
    rows = [("split", "images"), *((split, f"{n:,}") for split, n in about["splits"].items())]
    return [
        *_table(rows, right=range(1, 2)),
        "",
        f"all 15 points: {about['complete']:,}, some: {some:,}, none: {about['unlabelled']:,}",
    ]


def _table(rows: list[tuple[str, ...]], right: range) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
