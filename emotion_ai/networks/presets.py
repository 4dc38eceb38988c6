"""The networks there are, without Keras.

A new one is an entry of ``PRESETS``: command line, forms and ``architectures.build`` find it there.
A block that none has yet goes to ``blocks``.
"""

from dataclasses import dataclass, field

from emotion_ai.labels import INPUT_SIZE_PX


@dataclass(frozen=True)
class Part:
    """A function of ``blocks`` by name, and its arguments after the layer it continues."""

    block: str
    options: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Preset:
    """A network by its purpose in a few words and, for each task, its body and its head."""

    purpose: str
    body: dict[str, Part]
    head: dict[str, Part]
    #: The network whose saved weights this one may start from: it has all its blocks and more.
    grows_from: str | None = None

    @property
    def one_body(self) -> bool:
        """Whether the networks of both tasks are the same but for their heads."""
        return len({repr(part) for part in self.body.values()}) == 1


def _for_each_task(block: str, **options) -> dict[str, Part]:
    return {task: Part(block, options) for task in INPUT_SIZE_PX}


def _residual(stem: int, stem_kernel: int, *stages: tuple[int, int], silent: bool = False) -> Part:
    options = {"stem": stem, "stem_kernel": stem_kernel, "stages": stages, "silent": silent}
    return Part("residual", options)


def _standard_heads(dropout: float) -> dict[str, Part]:
    return {
        "expression": Part("pooled_head", {"dropout": dropout}),
        "keypoints": Part("spatial_head"),
    }


DEFAULT = "residual"
PRESETS = {
    "residual": Preset(
        "the default, for a webcam on two cores",
        body={
            # Silent where it was measured to help: 28 epochs on FER2013.
            "expression": _residual(48, 3, (48, 2), (96, 2), (192, 2), silent=True),
            "keypoints": _residual(32, 5, (32, 1), (64, 2), (128, 2), (192, 2)),
        },
        head=_standard_heads(dropout=0.2),
    ),
    "deep": Preset(
        "the default with more blocks, half again as slow",
        # Silent blocks change nothing at first: it starts as good as what it grows from
        # (Chen et al. 2016, arXiv:1511.05641).
        body={
            "expression": _residual(48, 3, (48, 3), (96, 3), (192, 3), silent=True),
            "keypoints": _residual(32, 5, (32, 1), (64, 3), (128, 3), (192, 3), silent=True),
        },
        head=_standard_heads(dropout=0.2),
        grows_from="residual",
    ),
    "course_resnet": Preset(
        "the tutorial's network, larger and slower",
        body=_for_each_task("course_resnet"),
        head=_for_each_task("dense_head", dropout=0.2),
    ),
    "cnn4": Preset(
        "four convolutions, the baseline",
        body=_for_each_task("cnn4"),
        head=_for_each_task("dense_head", dropout=0.2),
    ),
    "demo": Preset(
        "small, learns drawn faces while a class watches",
        body={
            "expression": _residual(16, 3, (16, 1), (32, 1), (64, 1)),
            "keypoints": _residual(16, 5, (16, 1), (32, 1), (48, 1), (64, 1)),
        },
        head=_standard_heads(dropout=0.1),
    ),
}
