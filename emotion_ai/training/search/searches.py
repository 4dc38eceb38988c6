"""Hyperparameter search: what is tried, what came of it, kept in a folder.

``<searches_dir>/<name>/plan.json`` says what to try; ``journal.log`` is Optuna's record of every
trial; a trial is a queued run like any other (see ``worker``). Optuna's documentation
recommends its journal over SQLite where the folder is shared over a network: SQLite's locks do not
work on many of them. Optuna is imported only when a search is opened. No Keras here.
"""

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypedDict

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ConfigError, RecordError, SearchError
from emotion_ai.jobs import background
from emotion_ai.optional import require, training_modules
from emotion_ai.storage.files import sibling_folder, write_json
from emotion_ai.storage.records import Count, Line, Number, checked, read_record
from emotion_ai.training.checks import check
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.runs import check_run_name
from emotion_ai.training.search.plan import SPACE, Plan, within

PLAN, JOURNAL = "plan.json", "journal.log"
INSTALL = 'pip install "optuna>=4.2,<5"'
#: Fewer finished trials say nothing about what mattered.
FEWEST_FOR_IMPORTANCE = 6
_STUDY = "search"


class _PlanRecord(TypedDict):
    """``plan.json``; ``config``: see ``TrainingConfig``."""

    config: dict
    vary: list[str]
    trials: Count


@dataclass(frozen=True)
class Trial:
    """One try. ``state``: waiting, running, finished, stopped early or failed; ``score``: what it
    has reached, None before its first epoch; ``run``: its run's folder."""

    number: int
    state: str
    score: float | None
    settings: dict
    #: epoch → score of what would be saved then.
    epochs: dict[int, float]
    run: str = ""
    message: str = ""


@dataclass(frozen=True)
class Search:
    folder: Path
    plan: Plan
    trials: list[Trial]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def best(self) -> Trial | None:
        """The finished trial with the best score."""
        finished = [trial for trial in self.trials if trial.state == "finished"]
        sign = -1 if self.plan.maximise else 1
        return min(finished, key=lambda trial: sign * trial.score, default=None)

    @property
    def baseline(self) -> Trial | None:
        """The first trial: the settings as they were before."""
        return next((trial for trial in self.trials if trial.number == 0), None)

    @property
    def over(self) -> int:
        """Trials that have come to their end, failed ones aside."""
        return sum(trial.state in ("finished", "stopped early") for trial in self.trials)

    @property
    def complete(self) -> bool:
        return self.over >= self.plan.trials


def create_search(
    searches_dir: Path, name: str, plan: Plan, datasets: list[Dataset], models_dir: Path
) -> Path:
    """A new search: its folder. ConfigError when its parts do not fit together.

    Its first trial leaves everything as it is, so that the best one has something to beat.
    """
    require_editor("search for better settings")
    check(plan.config, datasets, models_dir)
    check_run_name(f"{name}-000")  # as its runs are called
    folder = Path(searches_dir) / name
    if folder.exists():
        raise SearchError(f"there is a search {name} already: choose another name")
    temporary = sibling_folder(folder)
    try:
        record = {"config": plan.config.as_dict(), "vary": plan.vary, "trials": plan.trials}
        write_json(temporary / PLAN, record)
        optuna = import_optuna()
        study = optuna.create_study(
            storage=_storage(temporary),
            study_name=_STUDY,
            direction="maximize" if plan.maximise else "minimize",
        )
        study.enqueue_trial(within(plan.unchanged()))
        temporary.chmod(0o755)  # mkdtemp made it private
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def read_plan(folder: Path) -> Plan:
    """SearchError where there is none, or a damaged one."""
    try:
        record = read_record(folder / PLAN, _PlanRecord)
        config = TrainingConfig.from_dict(record["config"])
        return Plan(config, tuple(record["vary"]), record["trials"])
    except FileNotFoundError:
        known = ", ".join(path.name for path in search_folders(folder.parent)) or "none yet"
        raise SearchError(f"no search {folder.name!r}: expected one of: {known}") from None
    except RecordError as error:
        raise SearchError(f"search {folder.name} is damaged: {error}") from None
    except ConfigError as error:
        raise SearchError(f"search {folder.name} is damaged: {PLAN}: {error}") from None


def search_folders(searches_dir: Path) -> list[Path]:
    """The folders of all searches, newest first."""
    found = [path.parent for path in Path(searches_dir).glob(f"[!.]*/{PLAN}")]
    return sorted(found, key=lambda path: (path / PLAN).stat().st_mtime, reverse=True)


def read_search(folder: Path, study=None) -> Search:
    """The search with everything its trials have said so far. ``study``: as from ``open_study``,
    kept so that only what is new has to be read."""
    plan = read_plan(folder)
    study = study or open_study(folder)
    with _reading_the_journal(folder):
        found = study.get_trials(deepcopy=False)
    return Search(folder, plan, [_trial(trial) for trial in found])


def open_study(folder: Path):
    """Optuna's study of the search; any number of processes may hold one."""
    plan = read_plan(folder)
    optuna = import_optuna()
    if not (folder / JOURNAL).exists():  # Optuna would begin an empty one
        raise SearchError(f"search {folder.name}: {JOURNAL} is missing")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # constant_liar keeps trials of a cluster away from what others try just now.
        sampler = optuna.samplers.TPESampler(constant_liar=True)
    # Early epochs say little while the learning rate is high: wait for a third of them.
    pruner = optuna.pruners.MedianPruner(
        n_startup_trials=4, n_warmup_steps=max(1, plan.config.epochs // 3)
    )
    with _reading_the_journal(folder):
        return optuna.load_study(
            study_name=_STUDY, storage=_storage(folder), sampler=sampler, pruner=pruner
        )


@contextmanager
def _reading_the_journal(folder: Path) -> Iterator[None]:
    """Whatever Optuna stumbles over in a journal becomes a SearchError."""
    try:
        yield
    except (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RecursionError,
            TypeError, ValueError) as error:  # fmt: skip
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise SearchError(f"search {folder.name} is damaged: {JOURNAL}: {why}") from None


def mend_journal(folder: Path) -> None:
    """Cut off a last line that was torn when a machine went down: what is appended to it would
    spoil the journal. Called by workers before they write."""
    import_optuna()
    from optuna.storages.journal import JournalFileSymlinkLock

    if not (folder / JOURNAL).exists():
        return
    lock = JournalFileSymlinkLock(str(folder / JOURNAL))  # the one that Optuna writes under
    lock.acquire()
    try:
        content = (folder / JOURNAL).read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(folder / JOURNAL, whole)
    finally:
        lock.release()


def distributions(plan: Plan) -> dict:
    """The settings to vary, as Optuna is told of them."""
    d = import_optuna().distributions
    return {
        name: d.CategoricalDistribution(space.choices)
        if (space := SPACE[name]).choices
        else d.FloatDistribution(space.low, space.high, log=space.log)
        for name in plan.vary
    }


def importances(search: Search, study) -> dict[str, float]:
    """The share of each setting in how different the finished trials' scores are (functional
    ANOVA, Hutter et al. 2014), most important first; {} while too few have finished."""
    optuna = import_optuna()
    finished = [trial for trial in search.trials if trial.state == "finished"]
    if len(finished) < FEWEST_FOR_IMPORTANCE or len({trial.score for trial in finished}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def in_full(search: Search, epochs: int) -> TrainingConfig:
    """The best trial's configuration for a training of ``epochs``, which selects its epoch as any
    run does."""
    if search.best is None:
        raise SearchError(f"search {search.name} has no finished trial yet")
    config = search.plan.configured(search.best.settings)
    return replace(config, epochs=epochs, hold_out=False)


def job_status(folder: Path) -> Path:
    """The background job that works on the search."""
    return folder / "worker.json"


def start_work(folder: Path) -> None:
    """Work on the search in a process of its own, which ``job_status`` tells of."""
    require_editor("search for better settings")
    require("A search", *training_modules())
    read_plan(folder)
    words = ["search", "work", str(folder.resolve())]
    background.start(job_status(folder), "emotion_ai", words)


def stop_work(folder: Path) -> None:
    """End that process; the run under way stops too, to be continued by the next."""
    require_editor("search for better settings")
    background.stop(job_status(folder))


def import_optuna():
    """Optuna, quiet; SearchError with the way to get it where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise SearchError(f"a search needs Optuna: {INSTALL}") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _storage(folder: Path):
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(folder / JOURNAL)))


_STATES = {
    "WAITING": "waiting",
    "RUNNING": "running",
    "COMPLETE": "finished",
    "PRUNED": "stopped early",
    "FAIL": "failed",
}


class _TrialRecord(TypedDict):
    """What a trial says."""

    value: Number | None
    epochs: dict[int, Number]
    settings: dict[Literal[tuple(SPACE)], Number]
    notes: "_Notes"


class _Notes(TypedDict, total=False):
    run: Line
    message: str


def _trial(trial) -> Trial:
    """A trial of Optuna's; one that is damaged has failed, and says so."""
    epochs = dict(sorted(trial.intermediate_values.items()))
    settings = trial.params or trial.system_attrs.get("fixed_params", {})
    notes, value = trial.user_attrs, trial.value
    record = {"value": value, "epochs": epochs, "settings": settings, "notes": notes}
    try:
        checked(record, _TrialRecord, f"trial {trial.number}")
    except RecordError as error:
        return Trial(trial.number, "failed", None, {}, {}, message=f"damaged: {error}")
    return Trial(
        number=trial.number,
        state=_STATES[trial.state.name],
        score=value if value is not None else next(reversed(epochs.values()), None),
        settings=settings,
        epochs=epochs,
        run=notes.get("run", ""),
        message=notes.get("message", ""),
    )
