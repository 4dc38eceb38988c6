"""What pages say of the shipped models, whichever weights those are."""

from emotion_ai.evaluation.scores import headline
from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT
from emotion_ai.training import shipped
from emotion_ai.ui.wording import headline_score


def score_of(name: str) -> str:
    """``"84.2 %"``: the first figure of a model's card."""
    return headline(headline_score(open_model(ROOT / "models", name))).text


def trained(name: str) -> str:
    """``"epoch 90/90"``: how long a model was trained."""
    run = shipped.read(ROOT / "models" / name)
    return f"epoch {len(run.metrics)}/{run.config['epochs']}"


def best_epoch(name: str) -> str:
    """``"1.47 px in epoch 63"``: when a model for keypoints was at its best."""
    metrics = shipped.read(ROOT / "models" / name).metrics
    best = min(metrics, key=lambda epoch: epoch["validation_loss"])
    return f"{best['validation_rmse_px']:.2f} px in epoch {best['epoch']}"
