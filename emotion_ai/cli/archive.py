"""``emotion-ai predict … --on``: archives of photos and films, a table of their faces."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from emotion_ai.errors import ConfigError
from emotion_ai.progress import Progress, progress_bar
from emotion_ai.settings import settings

ADDRESS = "with --on ray: HOST:PORT, or auto to find one; default: one of this machine's own"
#: Without a terminal a line is written this often.
_LINE_S = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--on",
        choices=("local", "ray"),
        help="an archive, into a table in --out: in processes here, or on a Ray cluster",
    )
    parser.add_argument("--workers", type=int, metavar="N", help="with --on; default: one a core")
    parser.add_argument("--address", help=ADDRESS)
    parser.add_argument(
        "--retry-failures", action="store_true", help="with --on: read what failed once more"
    )


def run_archive(arguments: argparse.Namespace) -> int:
    from emotion_ai.distributed.archive import FAILURES, read_archive
    from emotion_ai.distributed.identity import of_this_machine, package, reads_with
    from emotion_ai.reading.predictor import load_predictor

    if arguments.head:
        raise ConfigError("--head: heads name faces of single files, not with --on")
    if arguments.named_as:
        raise ConfigError("--named-as: an archive is named as the model does first, not with --on")
    if arguments.out is None or arguments.json or arguments.csv:
        raise ConfigError(
            "an archive is written as a table: expected --out TABLE and no other form"
        )
    if arguments.workers is not None and arguments.workers < 1:
        raise ConfigError(f"--workers: expected 1 or more, got {arguments.workers}")
    predictor = load_predictor(settings())
    for note in predictor.notes:
        print(f"note: {note}", file=sys.stderr)
    models = reads_with(predictor)
    if arguments.on == "ray":
        from emotion_ai.distributed.cluster import connected
        from emotion_ai.distributed.ray_archive import read_on_ray

        cluster, read = connected(arguments.address), read_on_ray
    else:
        from emotion_ai.distributed.local import cores, read_in_processes

        cluster, read = _nowhere(), read_in_processes
    with cluster as on_cluster, _told() as progress:
        workers = arguments.workers or (on_cluster.cores if on_cluster else cores())
        expected = package() | models
        if on_cluster:
            on_cluster.check(expected, of_this_machine)
        engine = partial(read, settings=settings(), expected=expected, workers=workers)
        asked = {"version": package()["version"], **models}
        outcome = read_archive(
            arguments.paths, arguments.out, asked, engine, progress, arguments.retry_failures
        )
    failed = f", {outcome.failed:,} of them not: {arguments.out / FAILURES}" * bool(outcome.failed)
    before = f"; {outcome.before:,} were there already" * bool(outcome.before)
    print(
        f"{arguments.out}: {outcome.read:,} files read{failed}{before}; {outcome.faces:,} faces, "
        f"{outcome.files_per_s:.1f} files/s"
    )
    return 0


@contextmanager
def _nowhere() -> Iterator[None]:
    yield None


@contextmanager
def _told() -> Iterator[Progress]:
    """A bar on a terminal, a line a minute in a log."""
    last = time.monotonic()

    def tell(done: int, total: int, unit: str) -> None:
        nonlocal last
        draw(done, total, unit)
        if not sys.stderr.isatty() and time.monotonic() - last > _LINE_S:
            last = time.monotonic()
            print(f"{done:,} of {total:,} {unit}", file=sys.stderr, flush=True)

    with progress_bar("reading the archive") as draw:
        yield tell
