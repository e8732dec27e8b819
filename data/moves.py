"""Random flips and shifts of a whole image."""

import numpy as np


def random_flip(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Swaps left and right of a `(height, width, channels)` image half the time."""
    if rng.random() >= 0.5:
        return image
    # As whole pixels: NumPy takes three times as long to turn around their bytes.
    pixels = np.ascontiguousarray(image).view(f"V{image.shape[2] * image.itemsize}")
    return pixels[:, ::-1].copy().view(image.dtype)


def random_shift(image: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Moves a `(height, width, channels)` image by up to `most` pixels each way; zeros move in.

    The same as padding by `most` zeros and cropping the original size at random.
    """
    height, width, channels = image.shape
    padded = np.zeros((height + 2 * most, width + 2 * most, channels), image.dtype)
    padded[most : most + height, most : most + width] = image
    top, left = int(rng.integers(2 * most + 1)), int(rng.integers(2 * most + 1))
    return padded[top : top + height, left : left + width]
