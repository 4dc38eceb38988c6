"""The form that starts a run: four lines, the rest under *More*, what it will take, and START."""

import random
from dataclasses import replace

import numpy as np
import streamlit as st

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import EmotionAIError
from emotion_ai.faces.montage import Layout, montage
from emotion_ai.jobs import background
from emotion_ai.jobs.background import Job
from emotion_ai.media.images import encode_png
from emotion_ai.settings import settings
from emotion_ai.training import estimate, queue
from emotion_ai.training.augmentation import Augmentation, augment, blended
from emotion_ai.training.checks import Fit, check, usual_start
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import split_rows
from emotion_ai.ui import resources
from emotion_ai.ui.access import locked, why_locked
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.progress import job_bar
from emotion_ai.ui.train.cards import open_run
from emotion_ai.ui.train.choice import choose, choose_classes, choose_labels
from emotion_ai.ui.wording import count, duration, plain

_SCRATCH = "scratch"
#: Numbers under *More*: name → label, least, most, step, format, help.
_NUMBERS = {
    "batch_size": ("Batch", 2, 1024, 16, "%d", "Faces per step. More: steadier, but more memory."),
    "learning_rate": ("Learning rate", 1e-6, 1.0, 1e-3, "%.5f",
                      "Largest step. Too high and the loss explodes, too low and it crawls."),
    "warmup_epochs": ("Warm-up", 0.0, 20.0, 0.5, "%.1f", "Epochs until the steps are largest."),
    "weight_decay": ("Weight decay", 0.0, 1.0, 0.01, "%.3f",
                     "Pulls weights towards zero, against memorising."),
    "label_smoothing": ("Label smoothing", 0.0, 0.5, 0.01, "%.2f",
                        "Share of every label spread over all, against being too sure."),
    "calibration_faces": ("Faces for calibration", 0, 100_000, 100, "%d", "Training faces set "
                          "aside to learn from how sure the network may be."),
    "clip_norm": ("Clipping", 0.0, 100.0, 0.5, "%.1f",
                  "Steeper gradients are scaled down to this length. 0 leaves them."),
    "ema": ("Averaging", 0.0, 0.9999, 0.001, "%.4f",
            "Memory of the averaged weights, which often do better. 0 for none."),
    "patience": ("Patience", 0, 100, 1, "%d", "Stop after so many epochs without a better one. "
                 "0 never stops early."),
    "seed": ("Seed", 0, 9999, 1, "%d", "The same seed gives the same run."),
    "split_seed": ("Seed of the split", 0, 9999, 1, "%d", "Decides which training faces are held "
                   "out. Leave it when a run goes on from another one's weights."),
}  # fmt: skip
_OF_EXPRESSIONS = ("label_smoothing", "calibration_faces", "Blend")
#: Augmentation switches: what they change, and the amounts of ``Augmentation`` behind them.
_SWITCHES = {
    "Mirror": ("flip",),
    "Upside down": ("vertical_flip",),
    "Turn": ("rotation_deg",),
    "Zoom": ("zoom",),
    "Shift": ("shift",),
    "Light": ("brightness", "contrast"),
    "Noise": ("noise",),
    "Erase": ("erase",),
    "Blend": ("blend",),
}
#: What a switch means whose amount the defaults leave at nothing.
_AMOUNTS = {"vertical_flip": 0.5, "blend": 0.5} | {
    name: value for name, value in vars(Augmentation()).items() if value
}


@st.fragment
@errors_as_lines()
def form() -> None:
    """Choose, see what it will take, start."""
    st.markdown("**A new run**")
    if (wanted := choose("train")) is None:
        return
    task, chosen, preset = wanted
    names = tuple(dataset.name for dataset in chosen)
    usual = TrainingConfig.for_task(task, names, preset=preset)
    epochs = st.number_input(
        "Epochs", 1, 1000, usual.epochs, key=f"train_epochs_{task}_{preset}",
        help="Passes over all training faces.",
    )  # fmt: skip
    with st.expander("More"):
        name, changes = _more(usual, chosen, f"{task}_{preset}")
    config = TrainingConfig.for_task(task, names, preset=preset, epochs=epochs, **changes)
    try:
        fit = _fit(config, chosen)
    except EmotionAIError as error:
        st.error(plain(str(error)), icon=":material/block:")
        st.button("START", disabled=True, width="stretch")
        return
    _what_it_takes(config, fit)
    _go(config, chosen, name)


def _more(usual: TrainingConfig, datasets: list[Dataset], tag: str) -> tuple[str | None, dict]:
    """Everything with a sane default: the run's name, and what differs from ``usual``. ``tag``
    is the recipe's: other defaults make other controls."""
    told = {}
    if usual.task == "expression":
        left, right = st.columns(2)
        with left:
            told["labels"] = choose_labels(usual, datasets, f"labels_{tag}")
        with right:
            labels = choose_classes(usual, datasets, f"label_set_{tag}")
        told |= {name: getattr(usual.naming(labels), name) for name in ("label_set", "classes")}
    models = [model.name for model in resources.models()]
    named = replace(usual, **{k: told[k] for k in ("label_set", "classes") if k in told})
    ours = usual_start(named, settings().models_dir)
    start = st.selectbox(
        "Starting weights", [_SCRATCH, *models], key=f"init_{tag}" + "_ours" * bool(ours),
        index=models.index(ours) + 1 if ours in models else 0,
        help="From scratch, or from a saved model of the same network (transfer).",
    )  # fmt: skip
    told["init"] = None if start == _SCRATCH else start
    if usual.task == "expression":
        told["teachers"] = tuple(st.multiselect(
            "Teachers", models, key=f"teachers_{tag}", placeholder="none",
            help="Saved models with the same classes and heads: what they say of each face becomes "
            "part of what the network learns.",
        ))  # fmt: skip
    columns = st.columns(2)
    numbers = _of_task(_NUMBERS, usual.task).items()
    for i, (field, (label, low, high, step, shape, text)) in enumerate(numbers):
        value = getattr(usual, field)
        told[field] = columns[i % 2].number_input(
            label, low, high, type(low)(value), step, format=shape, help=text, key=f"{field}_{tag}"
        )
    told |= _augmentation(usual, tag)
    marked = sum(dataset.marks_path.exists() for dataset in datasets)
    told["honour_marks"] = st.toggle(
        "Honour marks", bool(marked), key=f"marks_{tag}_{marked}",
        help="Leave out and relabel what people marked on the Datasets page. On wherever there are "
        "marks.",
    )  # fmt: skip
    told["drop_duplicates"] = not st.toggle(
        "Keep copies of validation and test faces", key=f"copies_{tag}",
        help="Usually left out of training: a score on faces it has seen says little.",
    )  # fmt: skip
    name = st.text_input(
        "Name", key="train_name", placeholder="from the time and the task",
        help="Of the run's folder: letters, digits, '_', '-', '.'",
    )  # fmt: skip
    return name.strip() or None, told


def _of_task(controls: dict, task: str) -> dict:
    """Without those that mean nothing for keypoints."""
    lacking = _OF_EXPRESSIONS if task == "keypoints" else ()
    return {name: control for name, control in controls.items() if name not in lacking}


def _augmentation(usual: TrainingConfig, tag: str) -> dict[str, float]:
    amounts = vars(usual.augmentation)
    switches = _of_task(_SWITCHES, usual.task)
    usually = [name for name, parts in switches.items() if any(amounts[part] for part in parts)]
    on = st.pills(
        "Changes to training faces", list(switches), selection_mode="multi", default=usually,
        key=f"switches_{tag}", help="Every face is shown a little differently each time.",
    )  # fmt: skip
    return {
        part: (amounts[part] or _AMOUNTS[part]) if name in on else 0.0
        for name, parts in _SWITCHES.items()
        for part in parts
    }


def _fit(config: TrainingConfig, datasets: list[Dataset]) -> Fit:
    """``check``, kept: it reads whole tables."""
    record = config.as_dict()
    decides = ("task", "data", "labels", "label_set", "classes", "preset", "init", "teachers",
               "split_seed", "drop_duplicates", "honour_marks", "hold_out",
               "calibration_faces")  # fmt: skip
    marks = [dataset.marks_path for dataset in datasets if config.honour_marks]
    stamps = [path.stat().st_mtime_ns for path in marks if path.exists()]
    key = (*(str(record[name]) for name in decides), *stamps, *(d.digest for d in datasets))
    return _check(key, config, datasets)


@st.cache_data(show_spinner=False, max_entries=64)
def _check(key: tuple, _config: TrainingConfig, _datasets: list[Dataset]) -> Fit:
    return check(_config, _datasets, settings().models_dir)


def _what_it_takes(config: TrainingConfig, fit: Fit) -> None:
    """Faces, and the time they will take where that was measured."""
    faces = f"Learns from **{fit.train:,}** faces, checks itself on **{fit.validation:,}** others."
    if fit.train_faces:
        low, high = (f(fit.train_faces, key=fit.train_faces.get) for f in (min, max))
        if fit.train_faces[low] < fit.train_faces[high] / 4:
            faces += (
                f" Few of them are {low} ({fit.train_faces[low]:,}; "
                f"{high}: {fit.train_faces[high]:,})."
            )
    st.markdown(faces)
    if found := estimate.estimate(config, fit):
        st.markdown(
            f":material/timer: About **{duration(found.seconds)}** here: "
            f"{found.images_per_s:,.0f} images/s, {found.memory_mb:,.0f} MB of memory, "
            f"{found.parameters:,} weights.",
            help=f"Measured {found.measured[:16].replace('T', ' ')} UTC, as busy as the machine "
            "was then. A new dry run measures it again.",
        )
    else:
        st.caption("How long will it take? The dry run measures it.")


def _go(config: TrainingConfig, datasets: list[Dataset], name: str | None) -> None:
    start, dry = st.columns([3, 2])
    waiting = len(queue.queued(settings().runs_dir)) + queue.trains(settings().runs_dir)
    if start.button(
        f"START (behind {count(waiting, 'other')})" if waiting else "START", type="primary",
        icon=":material/play_arrow:", width="stretch", key="start_run", **locked(),
    ):  # fmt: skip
        folder = queue.enqueue(config, name=name, runs_dir=settings().runs_dir)
        queue.start_worker(settings().runs_dir)
        open_run(folder.name)
    why_locked("train a network")
    status = estimate.status_path(config)
    job = background.read_job(status)
    if job.state == "running":
        job_bar(status, _probe_words)
    elif dry.button(
        "Dry run", key="dry_run", width="stretch", icon=":material/science:",
        **({"help": "Reads the data, trains a few batches, keeps nothing."} | locked()),
    ):  # fmt: skip
        estimate.start(config)
        st.session_state["train_dry"] = str(status)
        st.rerun(scope="fragment")
    if st.session_state.get("train_dry") != str(status):
        return  # another session's, or an earlier one's
    if job.state == "failed":
        st.error(plain(job.error), icon=":material/error:")
    if job.state in ("running", "finished"):
        if job.state == "finished":
            st.success("The dry run went through; nothing was kept.", icon=":material/check:")
        st.caption("Faces as the network would see them, changed anew each time:")
        st.image(_first_batch(config, datasets), alt="Training faces, changed at random")


def _probe_words(job: Job) -> str:
    where = f"batch {job.done} of {job.total}" if job.done else "reads data, builds the network"
    return f"Dry run: {where}"


def _first_batch(config: TrainingConfig, datasets: list[Dataset]) -> bytes:
    """Some training faces under the chosen changes, as a picture."""
    dataset = datasets[0]
    rows = split_rows(dataset, config)[0]
    rng = np.random.default_rng(random.getrandbits(32))
    some = np.sort(rng.choice(rows, min(16, len(rows)), replace=False))
    points = dataset.keypoints_px[some] if config.task == "keypoints" else None
    images, points = augment(
        np.asarray(dataset.wide_images[some]), points, config.augmentation, rng,
        border_px=dataset.border_px,
    )  # fmt: skip
    if config.augmentation.blend:
        images, _ = blended(images, np.zeros((len(images), 1)), config.augmentation, rng)
    return encode_png(montage(images, Layout(len(images), 8, 84), keypoints_px=points))
