"""Slow crops and resizes to compare with: no scaled decoding, and float64 until the end."""

import numpy as np

from data.decode import decode


def exact_crop(encoded: bytes, box: tuple[int, int, int, int], size: int) -> np.ndarray:
    """The box of the whole decoded image, resized; float64 `(size, size, 3)`, 0 to 255."""
    top, left, height, width = box
    return exact_resize(decode(encoded)[top : top + height, left : left + width], size)


def exact_resize(pixels: np.ndarray, size: int) -> np.ndarray:
    """Antialiased bicubic resizing of `(height, width, 3)`, clipped but not rounded."""
    rows, columns = (bicubic_weights(side, size) for side in pixels.shape[:2])
    return np.clip(np.einsum("rh,hwc,sw->rsc", rows, pixels, columns, optimize=True), 0, 255)


def bicubic_weights(side: int, size: int) -> np.ndarray:
    """How much each of `side` pixels counts in each of `size`: Keys's cubic with a = -0.5,
    stretched where the image shrinks, its rows summing to 1 over the pixels that there are."""
    stretch = side / size
    centres = (np.arange(size) + 0.5) * stretch
    distance = np.abs(np.arange(side) + 0.5 - centres[:, None]) / max(stretch, 1)
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.select([distance < 1, distance < 2], [near, far])
    return weights / weights.sum(axis=1, keepdims=True)
