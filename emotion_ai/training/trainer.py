"""``python -m emotion_ai.training.trainer FOLDER``: trains one waiting run, when it may.

Also what the command line does in its own process. Keras is imported when a run begins.
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import EmotionAIError
from emotion_ai.models.store import KERAS, open_model
from emotion_ai.settings import settings
from emotion_ai.training import runs
from emotion_ai.training.examples import open_data
from emotion_ai.training.queue import claim, trainer_lock


def main(folder: Path) -> int:
    """Exit code 0, also when the run was cancelled; 1 when it failed, which its status explains."""
    with trainer_lock(folder.parent):
        if not claim(folder):
            return 0  # cancelled, or somebody else's by now
        try:
            train_run(folder)
        except KeyboardInterrupt:
            over = runs.read_status(folder).get("state") == "finished"  # but for its scores
            if not over and not (folder / runs.CANCEL).exists():  # the machine goes down, say
                runs.write_status(folder, "interrupted", message="ended from outside")
        except EmotionAIError as error:
            print(f"error: {error}", file=sys.stderr)
            if runs.read_run(folder).state == "running":  # not even the data could be opened
                runs.write_status(folder, "failed", message=str(error))
            return 1
    return 0


def train_run(
    folder: Path,
    datasets: list[Dataset] | None = None,
    on_epoch: Callable[[dict, int], None] | None = None,
) -> dict:
    """Train the claimed run in ``folder``, from where it is, to its end: its best epoch."""
    config = runs.read_config(folder)
    datasets = datasets or open_data(config)

    # From here on this is a training process: Keras is imported.
    from emotion_ai.networks.files import load_network
    from emotion_ai.training import loop
    from emotion_ai.training.score import score_run
    from emotion_ai.training.teachers import open_teachers

    # Cancelled politely, also where the shell that started it ignores Ctrl-C. Until now a signal
    # just ends the process: nothing could be lost yet.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        start = None
        if config.init and not (folder / runs.LAST).exists():  # what began goes on without it
            model = open_model(settings().models_dir, config.init)
            model.verified(KERAS)
            start = load_network(model.folder / KERAS, f"model {model.name}")
        best = loop.train(
            folder,
            datasets,
            init=start,
            teachers=open_teachers(config.teachers),
            resume=True,
            on_epoch=on_epoch,
        )
    except EmotionAIError as error:
        runs.write_status(folder, "failed", message=str(error))
        raise
    try:
        score_run(folder, datasets)
    except (OSError, ValueError, EmotionAIError) as error:
        print(f"not scored: {error}", file=sys.stderr)  # the run itself is finished
    return best


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
