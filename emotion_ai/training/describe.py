"""Runs in words, for the command line, TensorBoard and pages. No Keras."""

from emotion_ai.errors import ConfigError
from emotion_ai.training.config import TrainingConfig


def flat_settings(config: dict) -> dict[str, object]:
    """A configuration as one level of plain values: augmentation amounts by their own names."""
    flat = {}
    for name, value in config.items():
        if name == "augmentation" and isinstance(value, dict):
            flat |= value
        elif isinstance(value, list | tuple):
            flat[name] = ", ".join(map(str, value))
        elif isinstance(value, dict):
            flat[name] = ", ".join(f"{key}: {part}" for key, part in value.items())
        else:
            flat[name] = value
    return flat


def changed_settings(config: dict) -> dict[str, tuple[object, object]]:
    """What differs from the defaults of its task and network: name → (default, value)."""
    try:
        default = TrainingConfig.for_task(
            config["task"], tuple(config["data"]), preset=config["preset"]
        )
    except (ConfigError, KeyError, TypeError):
        return {}
    usual = flat_settings(default.as_dict())
    return {
        name: (usual.get(name), value)
        for name, value in flat_settings(config).items()
        if value != usual.get(name)
    }


def epoch_text(record: dict, epochs: int) -> str:
    """An epoch in one line."""
    parts = [f"loss {record['loss']:.3f}", f"validation loss {record['validation_loss']:.3f}"]
    if "validation_rmse_px" in record:
        parts.append(f"RMSE {record['validation_rmse_px']:.2f} px")
    if "validation_accuracy" in record:
        parts.append(f"accuracy {record['validation_accuracy']:.1%}")
    if "seconds" in record:
        parts.append(f"{record['seconds']:.0f} s")
    return f"epoch {record['epoch']}/{epochs}: " + ", ".join(parts)
