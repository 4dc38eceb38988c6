"""Fitting y = b + m x by walking downhill. A place on the map is (b, m)."""

import numpy as np

RULES = ("plain", "stochastic", "momentum", "adam")
#: What the points were drawn from, before noise: b and m.
TRUTH = (1.0, 2.0)


def draw_line(n: int = 40, noise: float = 0.6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around y = 1 + 2 x: x and y, float (n,). All x lie on one side of 0: lines that turn
    around their middle fit nearly as well, so that the valley is long and narrow."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1.5, n)
    return x, TRUTH[0] + TRUTH[1] * x + rng.normal(0, noise, n)


def loss(b, m, x: np.ndarray, y: np.ndarray):
    """Mean squared error; ``b`` and ``m`` of any shape, the loss has the same."""
    b, m = np.asarray(b, float)[..., None], np.asarray(m, float)[..., None]
    return np.mean((b + m * x - y) ** 2, axis=-1)


def gradient(b: float, m: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(∂L/∂b, ∂L/∂m) = (2 · mean error, 2 · mean of error · x)."""
    error = b + m * x - y
    return 2 * np.array([error.mean(), (error * x).mean()])


def curvature(x: np.ndarray) -> np.ndarray:
    """The Hessian of the loss, float (2, 2); the same everywhere on this map."""
    return 2 * np.array([[1, x.mean()], [x.mean(), (x**2).mean()]])


def critical_rate(x: np.ndarray) -> float:
    """Plain descent converges below 2 / λmax of the Hessian and diverges above."""
    return float(2 / np.linalg.eigvalsh(curvature(x)).max())


def best_line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The lowest place, float (2,), from the normal equations."""
    columns = np.stack([np.ones_like(x), x], axis=1)
    return np.linalg.lstsq(columns, y, rcond=None)[0]


def bowl(x: np.ndarray, y: np.ndarray, top: float, rings: int = 24, spokes: int = 48):
    """The loss as a bowl cut level at ``top``: b, m and the loss, each float (rings, spokes)."""
    best = best_line(x, y)
    lowest = loss(*best, x, y)
    bends, directions = np.linalg.eigh(curvature(x))
    # Around its lowest place the loss is lowest + Σ bend / 2 · distance², exactly.
    radius = np.sqrt(top - lowest) * np.linspace(0, 1, rings)[:, None]
    angle = np.linspace(0, 2 * np.pi, spokes)
    along = (
        np.stack([radius * np.cos(angle), radius * np.sin(angle)])
        / np.sqrt(bends / 2)[:, None, None]
    )
    b, m = np.einsum("ij,jkl->ikl", directions, along) + best[:, None, None]
    return b, m, loss(b, m, x, y)


def descend(
    x: np.ndarray,
    y: np.ndarray,
    rule: str = "plain",
    rate: float = 0.1,
    steps: int = 40,
    start: tuple[float, float] = (-3.0, 4.0),
    batch: int = 4,
    seed: int = 0,
) -> np.ndarray:
    """The walk, float (steps + 1, 2). ``stochastic`` sees ``batch`` random points a step,
    ``momentum`` keeps 0.8 of its speed, ``adam`` as in arXiv:1412.6980."""
    rng = np.random.default_rng(seed)
    path = np.empty((steps + 1, 2))
    path[0] = start
    speed, mean, square = np.zeros((3, 2))
    for i in range(steps):
        seen = rng.choice(len(x), batch, replace=False) if rule == "stochastic" else slice(None)
        slope = gradient(*path[i], x[seen], y[seen])
        if rule == "momentum":
            speed = 0.8 * speed - rate * slope
            move = speed
        elif rule == "adam":
            mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
            unbiased = mean / (1 - 0.9 ** (i + 1))
            move = -rate * unbiased / (np.sqrt(square / (1 - 0.999 ** (i + 1))) + 1e-8)
        else:
            move = -rate * slope
        path[i + 1] = path[i] + move
    return path
