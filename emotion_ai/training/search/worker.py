"""Works on a search: asks for a trial, queues it as a run, watches it, tells what came of it.

One process works on a search. One that is stopped or killed leaves its trial running in the
journal: the next goes on with the same run. Many machines are Ray's (``distributed.ray_search``).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import RunError, SearchError
from emotion_ai.training import queue, runs
from emotion_ai.training.search.plan import Plan
from emotion_ai.training.search.searches import (
    distributions,
    import_optuna,
    mend_journal,
    open_study,
    read_plan,
)

if TYPE_CHECKING:  # Optuna is imported when a search is opened
    from optuna import Study

POLL_S = 1.0
#: So many failed trials in a row are no accident.
_FAILURES = 3
#: A run whose trainer was killed goes on so many times.
_RESUMES = 2

Say = Callable[[str], None]


def work(folder: Path, runs_dir: Path, *, say: Say = lambda text: None) -> int:
    """Run trials until there are as many as planned: how many this process saw to their end.

    KeyboardInterrupt stops the run under way, which keeps its epochs; working on the search again
    goes on with it. SearchError when trials keep failing, or another process works on it.
    """
    require_editor("search for better settings")
    done = 0
    with alone(folder) as (plan, study):
        earlier = _ended(study)
        while (trial := _next(study, plan, earlier)) is not None:
            run = new_run(trial, plan, Path(folder).name, Path(runs_dir), state="queued")
            say(f"trial {trial.number}: run {run.name}")
            say(f"trial {trial.number}: {_watch(study, trial, plan, run)}")
            done += 1
    return done


@contextmanager
def alone(folder: Path) -> Iterator[tuple[Plan, "Study"]]:
    """The plan and the study of a search, for the one process that works on it."""
    folder, plan = Path(folder), read_plan(folder)
    lock = _lock(folder)
    try:
        lock.acquire(timeout=1)  # longer than a page that looks whether it is held
    except Timeout:
        raise SearchError(f"another process works on search {folder.name} already") from None
    with lock:
        mend_journal(folder)
        yield plan, open_study(folder)


def _next(study, plan: Plan, earlier: set[int]):
    """The trial that a stopped or killed worker left, or a new one; None when all are done.

    ``earlier``: numbers of the trials that had ended before this work began.
    """
    optuna = import_optuna()
    left = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
    if left:
        return optuna.trial.Trial(study, left[0]._trial_id)
    _refuse_failures(study, earlier)
    return study.ask(distributions(plan)) if ended_well(study) < plan.trials else None


def ended_well(study) -> int:
    """Trials that came to their end, failed ones aside."""
    return sum(t.state.name in ("COMPLETE", "PRUNED") for t in study.get_trials(deepcopy=False))


def _ended(study) -> set[int]:
    return {t.number for t in study.get_trials(deepcopy=False) if t.state.is_finished()}


def _refuse_failures(study, earlier: set[int]) -> None:
    """SearchError when the last trials all failed. Those of ``earlier`` do not count: whoever
    works on a search again may have mended what was wrong, a full disk say."""
    ended = [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state.is_finished() and trial.number not in earlier
    ]
    last = ended[-_FAILURES:]
    if len(last) == _FAILURES and all(trial.state.name == "FAIL" for trial in last):
        reason = last[-1].user_attrs.get("message", "see its run")
        raise SearchError(f"the last {_FAILURES} trials failed: {reason}")


def is_worked_on(folder: Path) -> bool:
    """Whether a process has the search in hand."""
    try:
        with _lock(folder).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / ".worker.lock")


def new_run(trial, plan: Plan, search: str, runs_dir: Path, state: str) -> Path:
    """The folder of the trial's run: the one it has, or a new one that waits in the queue or, to be
    trained on a cluster, is said to run."""
    if known := trial.user_attrs.get("run"):
        return Path(known)
    config, name = plan.configured(trial.params), f"{search}-{trial.number:03d}"
    if state == "queued":
        run = queue.enqueue(config, name=name, runs_dir=runs_dir)
    else:
        run = runs.create_run(runs_dir, config.as_dict(), name, state=state)
    trial.set_user_attr("run", str(run.resolve()))
    return run


def _watch(study, trial, plan: Plan, folder: Path) -> str:
    """See a run to its end and tell the study: what came of it, in words."""
    states = import_optuna().trial.TrialState
    reported = set(study.get_trials(deepcopy=False)[trial.number].intermediate_values)
    resumes, pruned = 0, False
    try:
        while True:
            queue.start_worker(folder.parent)
            run = runs.read_run(folder)
            score = None
            for epoch, score in scores_so_far(run.metrics, plan):
                if epoch not in reported:
                    trial.report(score, epoch)
                    reported.add(epoch)
            if run.state == "finished" and score is not None:
                study.tell(trial.number, score)
                return f"{plan.score} {score:.4g}"
            if run.state in ("queued", "running"):
                if run.metrics and not pruned and trial.should_prune():
                    queue.cancel(folder)
                    pruned = True
                time.sleep(POLL_S)
            elif run.state == "cancelled" and trial.user_attrs.get("paused"):
                trial.set_user_attr("paused", False)  # by a worker that was stopped itself
                queue.resume(folder)
            elif run.state == "interrupted" and resumes < _RESUMES:
                resumes += 1
                queue.resume(folder)
            elif run.state == "cancelled" and score is not None:
                if not pruned:
                    trial.set_user_attr("message", "cancelled by hand")
                study.tell(trial.number, state=states.PRUNED)
                return f"stopped early at {plan.score} {score:.4g}"
            else:
                raise RunError(run.damage or run.status.get("message") or f"its run {run.state}")
    except RunError as error:
        trial.set_user_attr("message", str(error))
        study.tell(trial.number, state=states.FAIL)
        return f"failed: {error}"
    except KeyboardInterrupt:
        trial.set_user_attr("paused", True)
        queue.cancel(folder)
        raise


def scores_so_far(metrics: list[dict], plan: Plan) -> list[tuple[int, float]]:
    """For each epoch the score of the weights that would be saved after it: those of the lowest
    validation loss. RunError for a run that does not tell its score."""
    best, found = None, []
    for record in metrics:
        if plan.score not in record:
            raise RunError(f"the run says nothing of {plan.score}")
        if best is None or record["validation_loss"] <= best["validation_loss"]:
            best = record
        found.append((record["epoch"], float(best[plan.score])))
    return found
