"""What the tests of training share."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from emotion_ai.networks.presets import PRESETS, Part


@pytest.fixture(scope="module")
def tiny() -> Iterator[str]:
    """The preset of a network of one block, which TensorFlow is soon done with: for what does not
    look at how well it learns. Only this process knows it."""
    block = Part("residual", {"stem": 8, "stem_kernel": 3, "stages": ((8, 1),), "silent": False})
    with pytest.MonkeyPatch.context() as patch:
        body = dict.fromkeys(PRESETS["demo"].body, block)
        patch.setitem(PRESETS, "tiny", replace(PRESETS["demo"], body=body))
        yield "tiny"
