"""What a config adds to a data set's own crops and flips in training."""

from collections.abc import Callable, Sequence

import numpy as np

import registry
from data import fields
from data.autoaugment import POLICIES, autoaugment
from data.cutout import cutout

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def find_augment(policy: str, cutout_size: int, mean: Sequence[float]) -> Augment:
    """AutoAugment, then Cutout, where they are asked for.

    Args:
      policy: `config.data.autoaugment`: a name in :data:`data.autoaugment.POLICIES`, or "none".
      cutout_size: `config.data.cutout`: side of the square, pixels; 0 for none.
      mean: of each channel, 0 to 1; the square's colour.

    Returns:
      (uint8 `(size, size, channels)`, the example's generator) -> the same kind of image.

    Raises:
      ValueError: an unknown policy, AutoAugment of images without colour, or a negative size.
    """
    registry.one_of("config.data.autoaugment", policy, ("none", *POLICIES))
    if policy != "none" and len(mean) != 3:
        raise fields.refusal(
            "autoaugment", policy, "'none' for grey images, because its operations need colour"
        )
    fields.whole("cutout", cutout_size, least=0)
    fill = np.round(255 * np.asarray(mean)).astype(np.uint8)

    def augment(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if policy != "none":
            image = autoaugment(image, POLICIES[policy], rng)
        return cutout(image, cutout_size, fill, rng) if cutout_size else image

    return augment
