"""What a training run is told: one frozen, JSON-serialisable record saved with its weights."""

from dataclasses import asdict, dataclass, field, fields, replace

from emotion_ai.augmentation import Augmentation
from emotion_ai.datasets.store import TASKS
from emotion_ai.errors import ConfigError
from emotion_ai.labels import label_set

LABEL_SOURCES = ("given", "crowd", "mixed")
PRECISIONS = ("auto", "float32", "mixed_bfloat16")


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a run. ``data`` names datasets of the same task."""

    task: str
    data: tuple[str, ...]
    label_set: str = "fer7"
    #: given = the dataset's label, crowd = FER+ vote shares, mixed = half of each.
    labels: str = "given"
    preset: str = "residual"
    init: str | None = None
    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_epochs: float = 1.0
    label_smoothing: float = 0.05
    ema: float = 0.999
    #: Stop after so many epochs without a better validation loss; 0 never does.
    patience: int = 0
    precision: str = "auto"
    seed: int = 0
    #: Leave training images out whose exact copy stands in validation or test.
    drop_duplicates: bool = True
    #: Leave out and relabel what people marked in the datasets.
    honour_marks: bool = False
    #: Loss weight of rows by their ``subset`` column, such as {"ytf": 0.4}.
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
        label_set(self.label_set)
        if not self.data:
            raise ConfigError("no dataset: expected at least one name")
        for name, low in (("epochs", 1), ("batch_size", 2)):
            if getattr(self, name) < low:
                raise ConfigError(f"{name}: expected at least {low}, got {getattr(self, name)}")
        for name, low, high in (("learning_rate", 0, 10), ("ema", 0, 1), ("label_smoothing", 0, 1)):
            if not low <= getattr(self, name) < high:
                raise ConfigError(f"{name}: expected {low} to {high}, got {getattr(self, name)}")

    @classmethod
    def for_task(cls, task: str, data: tuple[str, ...], **changes) -> "TrainingConfig":
        """The defaults of a task, with ``changes`` (augmentation values may be among them)."""
        config = cls(task, tuple(data), **_TASK_DEFAULTS.get(task, {}))
        own = {f.name for f in fields(cls)}
        amounts = {k: v for k, v in changes.items() if k not in own}
        known = {f.name for f in fields(Augmentation)}
        if unknown := set(amounts) - known:
            raise ConfigError(f"unknown option {', '.join(sorted(unknown))}")
        changes = {k: v for k, v in changes.items() if k in own}
        return replace(config, augmentation=replace(config.augmentation, **amounts), **changes)

    def as_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict) -> "TrainingConfig":
        known = {f.name for f in fields(cls)}
        if unknown := set(record) - known:
            raise ConfigError(f"config.json: unknown {', '.join(sorted(unknown))}")
        amounts = Augmentation(**record.get("augmentation", {}))
        return cls(**{**record, "data": tuple(record["data"]), "augmentation": amounts})


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
