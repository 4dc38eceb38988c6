"""What a hyperparameter search may try, and the plan of one. No Optuna here."""

from dataclasses import dataclass, fields, replace

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ConfigError
from emotion_ai.training.config import TrainingConfig

#: What a search makes better: the score of the epoch that a run would be saved with.
SCORES = {"expression": "validation_accuracy", "keypoints": "validation_rmse_px"}


@dataclass(frozen=True)
class Range:
    """What a setting may be: from ``low`` to ``high``, evenly or by factors, or one of
    ``choices``."""

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple = ()


#: What can be varied, within which limits.
SPACE = {
    "learning_rate": Range(3e-4, 1e-2, log=True),
    "weight_decay": Range(1e-4, 0.1, log=True),
    "batch_size": Range(choices=(16, 32, 64, 128, 256)),
    "label_smoothing": Range(0.0, 0.2),
    "clip_norm": Range(choices=(0.0, 0.5, 1.0, 2.0)),
    "ema": Range(choices=(0.0, 0.9, 0.99, 0.995, 0.999)),
    "warmup_epochs": Range(0.0, 2.0),
    "rotation_deg": Range(0.0, 20.0),
    "zoom": Range(0.0, 0.3),
    "shift": Range(0.0, 0.15),
    "brightness": Range(0.0, 60.0),
    "contrast": Range(0.0, 0.5),
    "noise": Range(0.0, 12.0),
    "erase": Range(0.0, 0.8),
}
#: Varied unless something else is asked for.
USUAL = ("learning_rate", "weight_decay", "rotation_deg", "erase")
#: Trials of a search, and epochs of a trial, unless asked otherwise.
TRIALS, EPOCHS = 20, 8


@dataclass(frozen=True)
class Plan:
    """``config``: what all trials share, with the epochs of one; ``vary``: names of ``SPACE``."""

    config: TrainingConfig
    vary: tuple[str, ...]
    trials: int

    def __post_init__(self):
        if unknown := [name for name in self.vary if name not in SPACE]:
            raise ConfigError(
                f"cannot vary {', '.join(unknown)}: expected some of {', '.join(SPACE)}"
            )
        if not self.vary:
            raise ConfigError("nothing to vary: expected at least one setting")
        if not 2 <= self.trials <= 1000:
            raise ConfigError(f"trials: expected 2 to 1000, got {self.trials}")

    @property
    def score(self) -> str:
        """The name of what is made better in the records of ``metrics.jsonl``."""
        return SCORES[self.config.task]

    @property
    def maximise(self) -> bool:
        return self.config.task == "expression"

    def configured(self, settings: dict) -> TrainingConfig:
        """The configuration with these settings; augmentation amounts may be among them."""
        own = {field.name for field in fields(TrainingConfig)}
        amounts = {name: value for name, value in settings.items() if name not in own}
        rest = {name: value for name, value in settings.items() if name in own}
        augmentation = replace(self.config.augmentation, **amounts)
        return replace(self.config, augmentation=augmentation, **rest)

    def unchanged(self) -> dict:
        """What the varied settings are without a search."""
        config = self.config.as_dict()
        return {name: config.get(name, config["augmentation"].get(name)) for name in self.vary}


def within(settings: dict) -> dict:
    """The settings moved to the nearest value that a search tries."""
    moved = {}
    for name, value in settings.items():
        allowed = SPACE[name]
        if allowed.choices:
            moved[name] = min(allowed.choices, key=lambda choice, value=value: abs(choice - value))
        else:
            moved[name] = min(max(value, allowed.low), allowed.high)
    return moved


def should_hold_out(datasets: list[Dataset]) -> bool:
    """Whether a search had better select on a part of train: where there is no test split, the
    validation split is what will be reported, and a search must not have seen that either."""
    return any(
        "validation" in d.description["splits"] and "test" not in d.description["splits"]
        for d in datasets
    )
