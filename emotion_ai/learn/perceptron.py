"""A small multi-layer perceptron, written out: forward, backward, Adam.

Inputs float (N, 2); targets float (N,), 0 or 1. A network is a tuple of layers, each a pair of
weights float (in, out) and biases float (out,); the last has one output, a sigmoid.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from emotion_ai.learn.neuron import relu, relu_derivative, sigmoid

Network = tuple[tuple[np.ndarray, np.ndarray], ...]
#: name → (function, derivative by what goes in)
HIDDEN = {"tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2), "ReLU": (relu, relu_derivative)}
SHAPES = ("moons", "circles", "corners", "spirals")


@dataclass(frozen=True)
class Film:
    """A training, kept at ``steps``: the networks, and the losses after each of these steps."""

    steps: np.ndarray
    networks: list[Network]
    loss: np.ndarray
    #: On points held back; empty when there were none.
    held_back_loss: np.ndarray


def draw_points(shape: str, n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes in the plane: inputs (n, 2) within about ±1.5, targets (n,)."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 2
    t = rng.random(n)
    if shape == "moons":
        angle = np.pi * t
        x = np.where(targets, 1 - np.cos(angle), np.cos(angle)) - 0.5
        y = np.where(targets, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    elif shape == "circles":
        radius = np.where(targets, 1.2, 0.5)
        x, y = radius * np.cos(2 * np.pi * t), radius * np.sin(2 * np.pi * t)
    elif shape == "corners":
        x, y = rng.uniform(0.1, 1.2, (2, n)) * rng.choice([-1, 1], (2, n))
        y = np.abs(y) * np.sign(x) * np.where(targets, 1, -1)
    else:
        radius, angle = 0.15 + 1.15 * t, 3.2 * t * np.pi / 2 * 1.25 + np.pi * targets
        x, y = radius * np.cos(angle), radius * np.sin(angle)
    points = np.stack([x, y], axis=1) + rng.normal(0, noise, (n, 2))
    return points, targets.astype(float)


def fresh(hidden: tuple[int, ...], seed: int) -> Network:
    """Random weights whose size keeps signals alike from layer to layer, biases of 0."""
    rng = np.random.default_rng(seed)
    sizes = (2, *hidden, 1)
    return tuple(
        (rng.normal(0, np.sqrt(1.5 / a), (a, b)), np.zeros(b)) for a, b in itertools.pairwise(sizes)
    )


def answers(network: Network, inputs: np.ndarray, activation: str) -> np.ndarray:
    """Probability of class 1, float (N,)."""
    x = inputs
    for weights, biases in network[:-1]:
        x = HIDDEN[activation][0](x @ weights + biases)
    weights, biases = network[-1]
    return sigmoid(x @ weights + biases)[:, 0]


def loss(network: Network, inputs, targets, activation: str) -> float:
    """Mean cross entropy."""
    return _cross_entropy(answers(network, inputs, activation), targets)


def _cross_entropy(said: np.ndarray, targets: np.ndarray) -> float:
    said = np.clip(said, 1e-12, 1 - 1e-12)
    return float(-np.mean(targets * np.log(said) + (1 - targets) * np.log(1 - said)))


def gradients(network: Network, inputs, targets, activation: str) -> tuple[Network, float]:
    """Backpropagation: the gradient of the loss by every weight and bias, and the loss."""
    function, derivative = HIDDEN[activation]
    sums, outputs = [], [inputs]
    for i, (weights, biases) in enumerate(network):
        sums.append(outputs[-1] @ weights + biases)
        outputs.append(function(sums[-1]) if i < len(network) - 1 else sigmoid(sums[-1]))
    # Sigmoid and cross entropy together: the gradient by the last sum is answer - target.
    flowing = (outputs[-1] - targets[:, None]) / len(inputs)
    found = []
    for i in reversed(range(len(network))):
        found.append((outputs[i].T @ flowing, flowing.sum(axis=0)))
        if i:
            flowing = (flowing @ network[i][0].T) * derivative(sums[i - 1])
    return tuple(reversed(found)), _cross_entropy(outputs[-1][:, 0], targets)


def train(
    inputs: np.ndarray,
    targets: np.ndarray,
    hidden: tuple[int, ...],
    *,
    activation: str = "tanh",
    steps: int = 400,
    rate: float = 0.03,
    frames: int = 25,
    seed: int = 0,
    held_back: tuple[np.ndarray, np.ndarray] | None = None,
) -> Film:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980) on all points at once, kept at ``frames`` moments,
    close together at the start, where most happens."""
    network = fresh(hidden, seed)
    kept_at = np.unique(np.rint(steps * np.linspace(0, 1, frames) ** 2).astype(int))
    flat, layout = _flatten(network)
    mean, square = np.zeros_like(flat), np.zeros_like(flat)
    kept, losses, held = [], [], []
    for step in range(steps + 1):
        network = _unflatten(flat, layout)
        slopes, now = gradients(network, inputs, targets, activation)
        if step in kept_at:
            kept.append(network)
            losses.append(now)
            if held_back is not None:
                held.append(loss(network, *held_back, activation))
        slope = _flatten(slopes)[0]
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        unbiased = mean / (1 - 0.9 ** (step + 1))
        spread = np.sqrt(square / (1 - 0.999 ** (step + 1)))
        flat = flat - rate * unbiased / (spread + 1e-8)
    return Film(kept_at, kept, np.array(losses), np.array(held))


def _flatten(network: Network) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    arrays = [array for layer in network for array in layer]
    return np.concatenate([array.ravel() for array in arrays]), [array.shape for array in arrays]


def _unflatten(flat: np.ndarray, layout: list[tuple[int, ...]]) -> Network:
    arrays = np.split(flat, np.cumsum([int(np.prod(shape)) for shape in layout])[:-1])
    shaped = [array.reshape(shape) for array, shape in zip(arrays, layout, strict=True)]
    return tuple(zip(shaped[::2], shaped[1::2], strict=True))
