"""What pages say of the shipped models, whichever weights those are."""

from emotion_ai.evaluation.scores import headline
from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT
from emotion_ai.ui.wording import headline_score


def score_of(name: str) -> str:
    """``"84.2 %"``: the first figure of a model's card."""
    return headline(headline_score(open_model(ROOT / "models", name))).text
