"""``train --on ray``: one training as a task of a cluster, retried where its machine is lost."""

from collections.abc import Callable
from pathlib import Path

from emotion_ai.access.permissions import require_editor
from emotion_ai.distributed.cluster import Cluster, errors_told, import_ray
from emotion_ai.distributed.identity import package
from emotion_ai.distributed.runs_home import open_home, train_away
from emotion_ai.errors import ClusterError, RunError
from emotion_ai.training import queue, runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.records import Epoch

#: Said of a run that no machine has begun.
WAITS = "waits for a machine of the cluster"
#: A training whose machine is lost begins again, with the epochs that came home, so many times.
RETRIES = 3
_LOOK_S = 1.0


def check_cluster(cluster: Cluster, gpus: float) -> None:
    """ClusterError unless the cluster has the graphics cards and this very package."""
    if gpus > cluster.gpus:
        raise ClusterError(f"expected at most the cluster's {cluster.gpus} GPUs, got {gpus:g}")
    cluster.check(package(), package)


def begin(resumed: str | None, config: TrainingConfig, name: str | None, runs_dir: Path) -> Path:
    """The folder of a new run, or of one that goes on: this process's, and not the queue's."""
    require_editor("train a network")
    if not resumed:
        return runs.create_run(runs_dir, config.as_dict(), name, state="running", message=WAITS)
    folder = Path(runs_dir) / resumed
    with runs.changing_hands(folder.parent):
        run = runs.read_run(folder)
        if run.state not in queue.RESUMABLE:
            raise RunError(
                f"run {run.name} is {run.state}: expected one that is {', '.join(queue.RESUMABLE)}"
            )
        (folder / runs.CANCEL).unlink(missing_ok=True)
        runs.write_status(folder, "running", message=WAITS)
    return folder


def train_on_ray(
    folder: Path,
    cpus: int,
    gpus: float,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Epoch:
    """Train the run in ``folder`` on the cluster; its folder grows here. Its best epoch.

    Ctrl-C asks it to stop, as *Stop* and ``runs cancel`` do; it keeps its epochs.
    """
    ray = import_ray()
    home = open_home(folder.parent)
    task = ray.remote(_train).options(num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES)
    told = len(runs.read_metrics(folder))
    answer = task.remote(home, folder.name, cpus)
    while True:
        try:
            over, _ = ray.wait([answer], timeout=_LOOK_S)
            for epoch in runs.read_metrics(folder)[told:]:
                told += 1
                on_epoch(epoch)
            if over:
                break
            if _waits(folder) and (folder / runs.CANCEL).exists():
                ray.cancel(answer, force=True)
                runs.write_status(folder, "cancelled", message="cancelled before it began")
                break
        except KeyboardInterrupt:
            (folder / runs.CANCEL).touch()
    if over:
        with errors_told():
            ray.get(answer)
    run = runs.read_run(folder)
    if run.state != "finished":
        raise RunError(f"run {run.name} {run.state}: {run.status.get('message', '')}".rstrip(": "))
    return run.best


def _waits(folder: Path) -> bool:
    return runs.read_status(folder).get("message") == WAITS


def _train(home, name: str, cpus: int) -> None:
    for _ in train_away(home, name, cpus):
        pass  # what it says is in the folder
