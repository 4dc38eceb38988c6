"""``evaluate MODELS… --on ray``: each model on a core of the cluster."""

from dataclasses import replace

from emotion_ai.datasets import load_any
from emotion_ai.datasets.store import Dataset
from emotion_ai.distributed.cluster import Cluster, errors_told, import_ray
from emotion_ai.distributed.identity import check_worker, package
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.models.store import SavedModel, open_model
from emotion_ai.progress import Progress
from emotion_ai.settings import settings


def evaluate_on_ray(
    models: list[tuple[str, SavedModel]],
    data: str,
    dataset: Dataset,
    question: Question,
    cluster: Cluster,
    progress: Progress,
) -> list[dict]:
    """The scores of each model, given by its name or folder. ClusterError where a machine has
    another package, model or dataset of these names."""
    ray = import_ray()
    cluster.check(package(), package)
    task = ray.remote(num_cpus=1, max_retries=3)(_evaluate)
    asked = [
        task.remote(name, data, question, {"model": model.digest, "data": dataset.digest})
        for name, model in models
    ]
    waiting = asked
    with errors_told():
        while waiting:
            _, waiting = ray.wait(waiting)
            progress(len(asked) - len(waiting), len(asked), "models")
        return ray.get(asked)


def _evaluate(name: str, data: str, question: Question, expected: dict[str, str]) -> dict:
    here = replace(settings(), threads=1)
    model, dataset = open_model(here.models_dir, name), load_any(data, *here.data_dirs)
    check_worker(expected, {"model": model.digest, "data": dataset.digest}, "of the cluster")
    return assess(model, dataset, question, here).scores
