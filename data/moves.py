"""Flips, shifts and padding of a whole image."""

from collections.abc import Sequence

import numpy as np


def random_flip(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Swaps left and right of a `(height, width, channels)` image half the time."""
    return flip(image) if rng.random() < 0.5 else image


def flip(image: np.ndarray) -> np.ndarray:
    """Swaps left and right of a `(height, width, channels)` image."""
    flipped = np.empty_like(image)
    for channel in range(image.shape[2]):  # a pixel of three bytes at a time takes twice as long
        flipped[:, :, channel] = image[:, ::-1, channel]
    return flipped


def random_shift(image: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Moves a `(height, width, channels)` image by up to `most` pixels each way; zeros move in.

    The same as padding by `most` zeros and cropping the original size at random.
    """
    height, width, channels = image.shape
    padded = np.zeros((height + 2 * most, width + 2 * most, channels), image.dtype)
    padded[most : most + height, most : most + width] = image
    top, left = int(rng.integers(2 * most + 1)), int(rng.integers(2 * most + 1))
    return padded[top : top + height, left : left + width]


def pad(array: np.ndarray, size: Sequence[int], value: int | Sequence[int]) -> np.ndarray:
    """Adds rows at the bottom and columns on the right.

    Args:
      array: `(height, width)` or `(height, width, channels)`.
      size: height and width of the result, no smaller than the array's.
      value: of what is added; of a pixel, one for each channel.
    """
    height, width = array.shape[:2]
    padded = np.empty((*size, *array.shape[2:]), array.dtype)
    padded[:height, :width] = array
    row = np.full(padded.shape[1:], value, array.dtype)  # copied whole, which is faster
    padded[height:] = row
    padded[:height, width:] = row[width:]
    return padded
