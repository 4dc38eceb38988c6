"""Works on a search: asks for a trial, queues it as a run, watches it, tells what came of it.

Any number of these may work on one search, on one machine or on several that share the folder of
searches; each queues runs in its own folder of runs. A worker that is stopped or killed leaves its
trial running in the journal: the next worker on that machine finds it, by the lock that died with
its owner, and goes on with the same run.
"""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import RunError, SearchError
from emotion_ai.training import queue, runs
from emotion_ai.training.search.plan import Plan
from emotion_ai.training.search.searches import (
    Trial,
    distributions,
    here,
    import_optuna,
    mend_journal,
    open_study,
    read_plan,
)

POLL_S = 1.0
#: So many failed trials in a row are no accident.
_FAILURES = 3
#: A run whose trainer was killed goes on so many times.
_RESUMES = 2
#: Asking for a trial and saying whose it is take milliseconds.
ORPHAN_S = 60

Say = Callable[[str], None]


def work(folder: Path, runs_dir: Path, *, say: Say = lambda text: None) -> int:
    """Run trials until there are as many as planned: how many this process saw to their end.

    KeyboardInterrupt stops the run under way, which keeps its epochs; working on the search again
    goes on with it. SearchError when trials keep failing.
    """
    require_editor("search for better settings")
    folder, plan = Path(folder), read_plan(folder)
    mend_journal(folder)
    study = open_study(folder)
    done, earlier = 0, _ended(study)
    while (claimed := _claim(study, plan, folder, earlier)) is not None:
        trial, lock = claimed
        with lock:
            run = _run_of(trial, plan, folder.name, Path(runs_dir))
            say(f"trial {trial.number}: run {run.name}")
            say(f"trial {trial.number}: {_watch(study, trial, plan, run)}")
            done += 1
    return done


def _claim(study, plan: Plan, folder: Path, earlier: set[int]):
    """A trial to work on, and the lock that says so; None when nothing is left to do.

    ``earlier``: numbers of the trials that had ended before this work began.
    """
    optuna = import_optuna()
    running = (optuna.trial.TrialState.RUNNING,)
    for left in study.get_trials(deepcopy=False, states=running):
        if left.user_attrs.get("host", "") != here() and not _is_orphan(left):
            continue
        lock = _lock(folder, left.number)
        try:
            lock.acquire(timeout=1)  # longer than a page that looks whether it is held
        except Timeout:
            continue  # somebody is at it
        if study.get_trials(deepcopy=False)[left.number].state in running:
            trial = optuna.trial.Trial(study, left._trial_id)
            trial.set_user_attr("host", here())
            return trial, lock
        lock.release()  # its owner just finished
    _refuse_failures(study, earlier)
    if _before(study, None) >= plan.trials:
        return None
    trial = study.ask(distributions(plan))
    lock = _lock(folder, trial.number)
    lock.acquire()
    if _before(study, trial.number) >= plan.trials:  # another worker took the last one meanwhile
        trial.set_user_attr("withdrawn", True)
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        lock.release()
        return None
    trial.set_user_attr("host", here())
    return trial, lock


def _is_orphan(trial) -> bool:
    """Whether its worker was killed before it could say on which machine it works."""
    age = datetime.now() - trial.datetime_start  # Optuna's times are local ones
    return "host" not in trial.user_attrs and age.total_seconds() > ORPHAN_S


def _before(study, number: int | None) -> int:
    """Trials, up to one, that count: all that did not fail."""
    counted = ("RUNNING", "COMPLETE", "PRUNED")
    trials = study.get_trials(deepcopy=False)[:number]
    return sum(t.state.name in counted and not t.user_attrs.get("withdrawn") for t in trials)


def _ended(study) -> set[int]:
    return {t.number for t in study.get_trials(deepcopy=False) if t.state.is_finished()}


def _refuse_failures(study, earlier: set[int]) -> None:
    """SearchError when the last trials all failed. Those of ``earlier`` do not count: whoever
    works on a search again may have mended what was wrong, a full disk say."""
    ended = [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state.is_finished()
        and trial.number not in earlier
        and not trial.user_attrs.get("withdrawn")
    ]
    last = ended[-_FAILURES:]
    if len(last) == _FAILURES and all(trial.state.name == "FAIL" for trial in last):
        reason = last[-1].user_attrs.get("message", "see its run")
        raise SearchError(f"the last {_FAILURES} trials failed: {reason}")


def is_worked_on(folder: Path, trial: Trial) -> bool:
    """Whether a worker has this running trial in hand; of another machine's that is assumed."""
    if trial.host != here():
        return True
    try:
        with _lock(folder, trial.number).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _lock(folder: Path, number: int) -> FileLock:
    return FileLock(folder / f".trial-{number}.lock")


def _run_of(trial, plan: Plan, search: str, runs_dir: Path) -> Path:
    """The folder of the trial's run: the one it has, or a new one in the queue."""
    if known := trial.user_attrs.get("run"):
        return Path(known)
    config = plan.configured(trial.params)
    run = queue.enqueue(config, name=f"{search}-{trial.number:03d}", runs_dir=runs_dir)
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
