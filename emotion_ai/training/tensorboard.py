"""Runs as TensorBoard event files, made from what run folders say: no TensorFlow takes part."""

from collections.abc import Iterable
from pathlib import Path

from emotion_ai.errors import RunError
from emotion_ai.training.describe import flat_settings
from emotion_ai.training.runs import METRICS, Run

INSTALL = 'pip install "tensorboardX>=2.6.2,<3"'
_OF_THE_RUN = ("learning_rate", "seconds")


class EventFiles:
    """Writes ``<out>/<run>/events.out.tfevents.*``; call ``update`` as often as runs go on."""

    def __init__(self, out: Path):
        try:
            import tensorboardX  # noqa: F401  asked for by few: imported when it is
        except ImportError:
            raise RunError(f"event files need tensorboardX: {INSTALL}") from None
        self.out = Path(out)
        self._written: dict[str, list[dict]] = {}
        self._over: set[str] = set()

    def update(self, runs: Iterable[Run]) -> int:
        """Write the epochs that were not written yet, and settings with the best epoch of runs
        that are over. The number of epochs written."""
        return sum(self._update(run) for run in runs)

    def _update(self, run: Run) -> int:
        from tensorboardX import SummaryWriter

        before = self._written.get(run.name)
        if before is None or run.metrics[: len(before)] != before:  # new here, or begun again
            for path in (self.out / run.name).glob("events.out.tfevents.*"):
                path.unlink()
            self._over.discard(run.name)
            before = []
        fresh = run.metrics[len(before) :]
        over = run.state not in ("queued", "running") and run.name not in self._over
        self._written[run.name] = list(run.metrics)
        if not fresh and not (over and run.metrics):
            return 0
        suffix = f".{len(run.metrics)}"  # two files of one second would be one
        with SummaryWriter(str(self.out / run.name), filename_suffix=suffix) as writer:
            times_s = epoch_times_s(run)
            for record in fresh:
                for tag, value in scalars(record).items():
                    writer.add_scalar(tag, value, record["epoch"], times_s[record["epoch"]])
            if over and run.metrics:
                self._over.add(run.name)
                settings = {k: v for k, v in flat_settings(run.config).items() if v is not None}
                best = {
                    f"best/{tag}": value
                    for tag, value in scalars(run.best).items()
                    if tag.endswith("/validation")
                }
                writer.add_hparams(settings, best, name="over", global_step=run.best["epoch"])
        return len(fresh)


def scalars(record: dict) -> dict[str, float]:
    """The numbers of an epoch as TensorBoard groups them: ``loss/train``, ``loss/validation``."""
    found = {}
    for name, value in record.items():
        if name == "epoch" or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if name.startswith("validation_"):
            found[f"{name.removeprefix('validation_')}/validation"] = float(value)
        elif name in _OF_THE_RUN:
            found[f"run/{name}"] = float(value)
        else:
            found[f"{name}/train"] = float(value)
    return found


def epoch_times_s(run: Run) -> dict[int, float]:
    """When each epoch ended, seconds since 1970: counted back from the file's last change."""
    end_s = (run.folder / METRICS).stat().st_mtime
    times_s = {}
    for record in reversed(run.metrics):
        times_s[record["epoch"]] = end_s
        end_s -= record.get("seconds", 0.0)
    return times_s
