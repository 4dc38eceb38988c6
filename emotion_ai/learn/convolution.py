"""A kernel sliding over a picture. What networks call convolution: the kernel is not turned."""

import numpy as np

from emotion_ai.errors import ConfigError

#: 3 × 3 kernels to choose from.
KERNELS = {
    "upright_edges": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "level_edges": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "all_edges": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "blur": ((1 / 9,) * 3,) * 3,
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
}


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Positions along one side: floor((size + 2 padding - kernel) / stride) + 1."""
    if stride < 1 or padding < 0 or size + 2 * padding < kernel:
        raise ConfigError(f"a kernel of {kernel} does not fit on {size} + 2 × {padding} pixels")
    return (size + 2 * padding - kernel) // stride + 1


def convolve(image: np.ndarray, kernel: np.ndarray, stride: int = 1, padding: int = 0):
    """float (H', W'): at each position the sum of kernel × pixels under it; ``image`` (H, W) is
    surrounded by ``padding`` zeros."""
    kernel = np.asarray(kernel, float)
    for size, side in zip(image.shape, kernel.shape, strict=True):
        output_size(size, side, stride, padding)
    padded = np.pad(np.asarray(image, float), padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return np.einsum("ijkl,kl->ij", windows[::stride, ::stride], kernel)


def pool(image: np.ndarray, size: int = 2, kind: str = "max") -> np.ndarray:
    """Every ``size`` × ``size`` square becomes its maximum or mean; an incomplete rim is left."""
    height, width = (side // size for side in image.shape)
    squares = image[: height * size, : width * size].reshape(height, size, width, size)
    return squares.max(axis=(1, 3)) if kind == "max" else squares.mean(axis=(1, 3))


def window_corners(shape: tuple[int, int], stride: int, frames: int) -> np.ndarray:
    """Positions to stop at while sliding over an output of ``shape``: int (≤ frames, 2), row and
    column of the output, from first to last."""
    total = shape[0] * shape[1]
    stops = np.unique(np.linspace(0, total - 1, min(frames, total)).astype(int))
    return np.stack(np.divmod(stops, shape[1]), axis=1)
