"""Cutout: a square of every training image is blanked."""

import numpy as np


def cutout(pixels: np.ndarray, size: int, fill: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blanks a square whose centre lies anywhere in the image; it may reach over the border.

    Args:
      pixels: uint8 `(height, width, channels)`; left as it is.
      size: side of the square in pixels.
      fill: uint8 `(channels,)`; the mean colour, which is zero once it is normalised.
      rng: the example's own generator.

    Returns:
      uint8 `(height, width, channels)`.

    Source: DeVries and Taylor 2017 (arXiv 1708.04552).
    """
    height, width, _ = pixels.shape
    top = int(rng.integers(height)) - size // 2
    left = int(rng.integers(width)) - size // 2
    cut = pixels.copy()
    cut[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = fill
    return cut
