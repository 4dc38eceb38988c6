"""How much of a gradient reaches the first layers of a deep network, plain or with skips.

Blocks of two layers of ``width`` units without biases: plain x ← φ(x A) B, skip x ← x + φ(x A) B,
as in He et al. 2016 (arXiv:1512.03385) without their normalisation. The same random weights in
both, forward and backward written out.
"""

import numpy as np

from emotion_ai.learn.neuron import ACTIVATIONS

#: Layers, two a block.
DEPTHS = (10, 20, 50)


def draw_weights(depth: int, width: int, size: float, seed: int = 0) -> np.ndarray:
    """float (depth / 2, 2, width, width), normal with standard deviation ``size`` / √width."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, size / np.sqrt(width), (depth // 2, 2, width, width))


def forward(inputs: np.ndarray, weights: np.ndarray, activation: str, skip: bool):
    """What enters each block and what leaves the last, each (N, width); and the sums before each
    activation."""
    function = ACTIVATIONS[activation][0]
    outputs, sums = [inputs], []
    for first, second in weights:
        sums.append(outputs[-1] @ first)
        outputs.append(function(sums[-1]) @ second + (outputs[-1] if skip else 0))
    return outputs, sums


def backward(flowing: np.ndarray, sums: list, weights: np.ndarray, activation: str, skip: bool):
    """The gradient by what enters each block, first block first, then ``flowing`` itself: the
    gradient by the last output. Each (N, width)."""
    derivative = ACTIVATIONS[activation][1]
    found = [flowing]
    for (first, second), total in zip(weights[::-1], sums[::-1], strict=True):
        through = (found[-1] @ second.T * derivative(total)) @ first.T
        found.append(through + (found[-1] if skip else 0))
    return found[::-1]


def gradient_sizes(
    depth: int,
    skip: bool,
    *,
    size: float = 0.7,
    activation: str = "ReLU",
    width: int = 48,
    batch: int = 32,
    seed: int = 0,
) -> np.ndarray:
    """Root mean square of the gradient where it enters each block and after the last, relative to
    the last: float (depth / 2 + 1,), ending in 1."""
    rng = np.random.default_rng((seed, 1))
    weights = draw_weights(depth, width, size, seed)
    _, sums = forward(rng.standard_normal((batch, width)), weights, activation, skip)
    flows = backward(rng.standard_normal((batch, width)), sums, weights, activation, skip)
    sizes = np.array([np.sqrt(np.mean(flow**2)) for flow in flows])
    return sizes / sizes[-1]
