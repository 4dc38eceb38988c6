"""What a training run is told: one frozen, JSON-serialisable record saved with its weights."""

from dataclasses import asdict, dataclass, field, fields, replace

from emotion_ai.datasets.store import TASKS
from emotion_ai.errors import ConfigError
from emotion_ai.labels import HEADS, LabelSet, label_set
from emotion_ai.networks.presets import DEFAULT, PRESETS
from emotion_ai.storage.records import checked
from emotion_ai.training.augmentation import Augmentation

BEST = "best"
#: Least and most of settings that count; beyond the most they are mistakes.
_WHOLE_NUMBERS = {
    "epochs": (1, 100_000),
    "batch_size": (2, 65_536),
    "calibration_faces": (0, 10_000_000),
    "patience": (0, 100_000),
    "seed": (0, 2**32 - 1),
    "split_seed": (0, 2**32 - 1),
}
_AMOUNTS_BELOW = {
    "learning_rate": 10,
    "weight_decay": 10,
    "warmup_epochs": 1000,
    "ema": 1,
    "label_smoothing": 1,
    "teacher_share": 1,
    "clip_norm": 1000,
}
LABEL_SOURCES = ("given", "crowd", "mixed", "both")
PRECISIONS = ("auto", "float32", "mixed_bfloat16")


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a run. ``data`` names datasets of the same task."""

    task: str
    data: tuple[str, ...]
    label_set: str = "fer7"
    #: The classes of a label set that is not known by its name, in its order.
    classes: tuple[str, ...] = ()
    #: given = the dataset's label, crowd = FER+ vote shares, mixed = half of each,
    #: both = one body with a head for each (``labels.HEADS``).
    labels: str = "given"
    preset: str = DEFAULT
    init: str | None = None
    #: Saved models whose answers are part of the targets, ``teacher_share`` of them.
    teachers: tuple[str, ...] = ()
    teacher_share: float = 0.7
    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_epochs: float = 1.0
    label_smoothing: float = 0.05
    #: Gradients whose global norm is larger are scaled down to it; 0 leaves them.
    clip_norm: float = 0.0
    ema: float = 0.999
    #: Stop after so many epochs without a better validation loss; 0 never does.
    patience: int = 0
    precision: str = "auto"
    seed: int = 0
    #: Which training faces are held out, to select on and to fit the temperature on. Apart from
    #: ``seed``, so that a run that goes on from another draws anew and holds out the same.
    split_seed: int = 0
    #: Training faces set aside to fit the temperature of the stored network on.
    calibration_faces: int = 0
    #: Leave training images out whose exact copy stands in validation or test.
    drop_duplicates: bool = True
    #: Leave out and relabel what people marked in the datasets.
    honour_marks: bool = False
    #: Select on a tenth of train although there is a validation split, which then stays unseen.
    hold_out: bool = False
    #: Share of the rows, by their ``subset`` column, that take part in an epoch: {"ytf": 0.4}.
    subset_weights: dict[str, float] = field(default_factory=dict)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self):
        for name, value, known in (
            ("task", self.task, TASKS),
            ("labels", self.labels, LABEL_SOURCES),
            ("precision", self.precision, PRECISIONS),
        ):
            if value not in known:
                raise ConfigError(f"{name} {value!r}: expected one of {', '.join(known)}")
        label_set(self.label_set, self.classes)
        if not self.data:
            raise ConfigError("no dataset: expected at least one name")
        for name, (low, high) in _WHOLE_NUMBERS.items():
            if not low <= getattr(self, name) <= high:
                given = str(getattr(self, name))[:20]
                raise ConfigError(f"{name}: expected {low:,} to {high:,}, got {given}")
        for subset, share in self.subset_weights.items():
            if not 0 < share <= 1:
                raise ConfigError(f"subset_weights {subset}: expected above 0 to 1, got {share}")
        for name, high in _AMOUNTS_BELOW.items():
            if not 0 <= getattr(self, name) < high:
                raise ConfigError(f"{name}: expected 0 to {high}, got {getattr(self, name)}")
        for name, amount in vars(self.augmentation).items():
            if not 0 <= amount <= 1000:
                raise ConfigError(f"{name}: expected 0 to 1000, got {amount}")
        if self.task == "keypoints" and self.augmentation.blend:
            raise ConfigError("blend: expected 0, as two faces have no points in common")

    @classmethod
    def for_task(cls, task: str, data: tuple[str, ...], **changes) -> "TrainingConfig":
        """The defaults of a task, with ``changes`` (augmentation values may be among them).

        The preset ``best`` is the default network with the settings of the shipped models."""
        preset = changes.get("preset", DEFAULT)
        usual = _TASK_DEFAULTS.get(task, {}) | _PRESET_DEFAULTS.get(preset, {})
        if preset == BEST:
            usual = usual | _BEST.get(task, {})
            changes["preset"] = DEFAULT
        config = cls(task, tuple(data), **usual)
        own = {f.name for f in fields(cls)}
        amounts = {k: v for k, v in changes.items() if k not in own}
        known = {f.name for f in fields(Augmentation)}
        if unknown := set(amounts) - known:
            raise ConfigError(f"unknown option {', '.join(sorted(unknown))}")
        changes = {k: v for k, v in changes.items() if k in own}
        return replace(config, augmentation=replace(config.augmentation, **amounts), **changes)

    @property
    def expressions(self) -> LabelSet:
        """What a network for expressions learns to name."""
        return label_set(self.label_set, self.classes)

    @property
    def heads(self) -> int:
        """How many answers a network for expressions gives to a face, one for each truth."""
        return len(HEADS) if self.labels == "both" else 1

    def naming(self, labels: LabelSet) -> "TrainingConfig":
        """The same, for these expressions."""
        own = () if labels.is_known else labels.expressions
        return replace(self, label_set=labels.name, classes=own)

    def as_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict) -> "TrainingConfig":
        """What ``as_dict`` gave, of this version or an earlier one, whose one ``seed`` also chose
        the held-out faces."""
        checked(record, cls, "config.json")
        if "seed" in record:
            record = {"split_seed": record["seed"], **record}
        known = {f.name for f in fields(cls)}
        if unknown := set(record) - known:
            raise ConfigError(f"config.json: unknown {', '.join(sorted(unknown))}")
        amounts = Augmentation(**record.get("augmentation", {}))
        tuples = {
            name: tuple(record[name]) for name in ("data", "classes", "teachers") if name in record
        }
        return cls(**{**record, **tuples, "augmentation": amounts})


def recipes() -> dict[str, str]:
    """What ``preset`` may be for ``for_task``, and what each is for: the networks, and ``best``."""
    networks = {name: preset.purpose for name, preset in PRESETS.items()}
    return networks | {BEST: f"{DEFAULT} with the best settings for long training from scratch"}


_TASK_DEFAULTS = {
    "keypoints": {
        "epochs": 60,
        "ema": 0.995,
        "batch_size": 64,
        "weight_decay": 0.01,
        "subset_weights": {"ytf": 0.4},
        "augmentation": Augmentation(rotation_deg=12, zoom=0.2, shift=0.08, erase=0.4),
    },
}

#: Networks that need other settings than their task.
_PRESET_DEFAULTS = {
    # Small steps on a few hundred faces, hardly changed: what two minutes have room for.
    "demo": {
        "epochs": 12,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "label_smoothing": 0.0,
        "ema": 0.0,
        "augmentation": Augmentation(
            rotation_deg=5, zoom=0.05, shift=0.03, brightness=15, contrast=0.15, noise=2, erase=0
        ),
    },
}

#: What trains networks like the shipped ones; their READMEs say how each was made, and
#: models/EXPERIMENTS.md what each choice gave.
_BEST = {
    "expression": {
        "labels": "both",
        "epochs": 60,
        "learning_rate": 1.5e-3,
        "weight_decay": 0.05,
        "label_smoothing": 0.02,
        "clip_norm": 1.0,
        "calibration_faces": 1000,
        "augmentation": Augmentation(rotation_deg=10, zoom=0.15, shift=0.08, erase=0.2),
    },
    "keypoints": {
        "epochs": 70,
        "batch_size": 32,
        "learning_rate": 6e-4,
        "augmentation": Augmentation(rotation_deg=12, zoom=0.2, shift=0.08, erase=0.3),
    },
}
