"""The errors a user can meet. Each message is one line: what was expected and what came."""


class EmotionAIError(Exception):
    """Base of every error that is the input's fault, not the program's."""


class DatasetError(EmotionAIError):
    """A dataset cannot be recognised, read, found or written."""


class ModelError(EmotionAIError):
    """A saved model is missing, damaged or does not fit the task."""


class RecordError(EmotionAIError):
    """A JSON file the app relies on is damaged; the message names the file and the field."""


class ImageError(EmotionAIError):
    """A photo or frame cannot be decoded or is beyond the accepted size."""


class VideoError(EmotionAIError):
    """A video file cannot be decoded, or holds no picture."""


class ConfigError(EmotionAIError):
    """A combination of options makes no sense."""


class RunError(EmotionAIError):
    """A training run cannot be found, started or continued."""


class SearchError(EmotionAIError):
    """A hyperparameter search cannot be found, begun or continued."""


class AccessError(EmotionAIError):
    """Whoever is asking may look, but not change this."""


class ServingError(EmotionAIError):
    """A model server cannot be reached, refuses, or answers something else."""


class LimitError(EmotionAIError):
    """A visitor asked for something expensive more often than a served app allows."""


class ArchiveError(EmotionAIError):
    """An archive's files cannot be found or read, or its table cannot be written."""


class ClusterError(EmotionAIError):
    """A cluster cannot be reached, or its machines are not what they should be."""


def in_a_line(error: Exception, most: int = 200) -> str:
    """What another library says of damage, which may be long or quote the file: one short line."""
    return " ".join(str(error).split())[:most] or type(error).__name__
