"""``search … --on ray``: the trials of a search side by side on a cluster, by Ray Tune.

Tune's Optuna search asks the search's own journal what to try, and successive halving (ASHA, Li et
al. 2020) stops what is hopeless. A trial is a run folder here, as everywhere, and what is left of
one goes on: after a lost machine, or when the process that runs the search was stopped or killed.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from emotion_ai.access.permissions import require_editor
from emotion_ai.distributed.cluster import Cluster, import_ray
from emotion_ai.distributed.ray_training import RETRIES, WAITS, check_cluster
from emotion_ai.distributed.runs_home import open_home, train_away
from emotion_ai.errors import RunError, SearchError
from emotion_ai.training import runs
from emotion_ai.training.search.plan import Plan
from emotion_ai.training.search.searches import distributions, import_optuna
from emotion_ai.training.search.worker import alone, ended_well, new_run, scores_so_far

_SCORE, _EPOCH, _RUN = "score", "epoch", "run"

Say = Callable[[str], None]


def search_on_ray(
    folder: Path,
    runs_dir: Path,
    cluster: Cluster,
    *,
    cpus: int,
    gpus: float,
    say: Say = lambda text: None,
) -> int:
    """Run trials until there are as many as planned: how many of them now came to their end.

    KeyboardInterrupt leaves the trials under way to the next ``search work``. SearchError when all
    trials of a round fail.
    """
    require_editor("search for better settings")
    check_cluster(cluster, gpus)
    by_gpus = int(cluster.gpus / gpus) if gpus else cluster.cores
    parallel = max(1, min(cluster.cores // cpus, by_gpus))
    with alone(folder) as (plan, study):
        began = ended_well(study)
        while (over := ended_well(study)) < plan.trials:
            _round(
                folder.name, plan, study, runs_dir, plan.trials - over, parallel, cpus, gpus, say
            )
            if ended_well(study) == over:
                failed = [t for t in study.get_trials(deepcopy=False) if t.state.name == "FAIL"]
                why = failed[-1].user_attrs.get("message", "see its run") if failed else "none ran"
                raise SearchError(f"all trials of this round failed: {why}")
        return ended_well(study) - began


def _round(name, plan: Plan, study, runs_dir, trials, parallel, cpus, gpus, say: Say) -> None:
    """So many trials, those that were left first."""
    import_ray()
    from ray import tune

    mode = "max" if plan.maximise else "min"
    home = open_home(runs_dir)
    searcher = _searcher(study, plan, name, Path(runs_dir), mode, say)
    asha = tune.schedulers.AsyncHyperBandScheduler(
        time_attr=_EPOCH,
        max_t=plan.config.epochs,
        grace_period=max(1, plan.config.epochs // 3),
        reduction_factor=3,
    )
    trainable = partial(_trial, home=home, plan=plan, cpus=cpus)
    with tempfile.TemporaryDirectory(prefix="emotion-ai-tune-") as place:
        tuner = tune.Tuner(
            tune.with_resources(trainable, {"cpu": cpus, "gpu": gpus}),
            tune_config=tune.TuneConfig(
                metric=_SCORE,
                mode=mode,
                search_alg=searcher,
                scheduler=asha,
                num_samples=trials,
                max_concurrent_trials=parallel,
            ),
            run_config=tune.RunConfig(
                name=name,
                storage_path=place,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=RETRIES),
            ),
        )
        try:
            tuner.fit()
        finally:
            searcher.leave()


def _trial(config: dict, home, plan: Plan, cpus: int) -> None:
    """On a machine of the cluster: train the trial's run, report each epoch."""
    from ray import tune

    told = 0
    for state, metrics in train_away(home, config[_RUN], cpus):
        found = scores_so_far(metrics, plan)
        if state == "running":  # the last epoch is told of a run that is over: nobody stops it then
            found = found[: plan.config.epochs - 1]
        for epoch, score in found[told:]:
            tune.report({_EPOCH: epoch, _SCORE: score})
        told = len(found)
        if state not in ("running", "finished", "cancelled"):
            raise RunError(f"its run {state}")


def _searcher(study, plan: Plan, name: str, runs_dir: Path, mode: str, say: Say):
    """Tune's Optuna search, asking ``study`` and telling it in the words of our journal."""
    from ray.tune.search.optuna import OptunaSearch

    optuna = import_optuna()
    states = optuna.trial.TrialState

    class Journalled(OptunaSearch):
        def _setup_study(self, mode):
            self._ot_study = study
            found = study.get_trials(deepcopy=False, states=(states.RUNNING,))
            self._left = [optuna.trial.Trial(study, trial._trial_id) for trial in found]

        def suggest(self, trial_id):
            if trial_id not in self._ot_trials and self._left:
                self._ot_trials[trial_id] = self._left.pop(0)
            super().suggest(trial_id)
            trial = self._ot_trials[trial_id]
            run = new_run(trial, plan, name, runs_dir, state="running")
            (run / runs.CANCEL).unlink(missing_ok=True)
            runs.write_status(run, "running", message=WAITS)
            say(f"trial {trial.number}: run {run.name}")
            return {_RUN: run.name}

        def on_trial_result(self, trial_id, result):
            trial = self._ot_trials[trial_id]
            _report(study, trial, [(result[_EPOCH], result[_SCORE])])

        def on_trial_complete(self, trial_id, result=None, error=False):
            trial = self._ot_trials.pop(trial_id)
            say(f"trial {trial.number}: {_tell(study, trial, plan, error)}")

        def leave(self):
            """Runs that are still under way were ended with the search: they can go on."""
            for trial in self._ot_trials.values():
                folder = Path(trial.user_attrs["run"])
                if runs.read_run(folder).state == "running":
                    runs.write_status(folder, "interrupted", message="its search was stopped")

        def save(self, checkpoint_path):
            """Nothing: the journal is what a search goes on from."""
            Path(checkpoint_path).touch()

    return Journalled(space=distributions(plan), metric=_SCORE, mode=mode)


def _report(study, trial, scores: list[tuple[int, float]]) -> None:
    known = study.get_trials(deepcopy=False)[trial.number].intermediate_values
    for epoch, score in scores:
        if epoch not in known:
            trial.report(score, epoch)


def _tell(study, trial, plan: Plan, failed: bool) -> str:
    """Tell the journal how a trial ended, by its run: what came of it, in words."""
    states = import_optuna().trial.TrialState
    folder = Path(trial.user_attrs["run"])
    run = runs.read_run(folder)
    scores = scores_so_far(run.metrics, plan)
    _report(study, trial, scores)
    if run.state == "finished" and scores:
        study.tell(trial.number, scores[-1][1])
        return f"{plan.score} {scores[-1][1]:.4g}"
    if failed or not scores or run.state in ("failed", "interrupted"):
        why = run.damage or run.status.get("message") or f"its run {run.state}"
        if run.state == "running":
            runs.write_status(folder, "failed", message=why)
        trial.set_user_attr("message", why)
        study.tell(trial.number, state=states.FAIL)
        return f"failed: {why}"
    if run.state == "running":
        runs.write_status(folder, "cancelled", message="stopped early by its search")
    else:
        trial.set_user_attr("message", "cancelled by hand")
    study.tell(trial.number, state=states.PRUNED)
    return f"stopped early at {plan.score} {scores[-1][1]:.4g}"
