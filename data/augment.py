"""What a config adds to a data set's own crops and flips in training."""

from collections.abc import Callable
from typing import Any

import numpy as np

from data.autoaugment import POLICIES, autoaugment
from data.cutout import cutout

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def find_augment(config_data: Any, channels: int) -> Augment:
    """AutoAugment, then Cutout, where the config asks for them.

    Args:
      config_data: attributes `autoaugment` ("none" or a name in `POLICIES`), `cutout` (pixels,
        0 for none), `mean` (of each channel, in 0 to 1) and `name`.
      channels: of the images.

    Returns:
      (uint8 `(size, size, channels)`, the example's generator) -> the same kind of image.

    Raises:
      ValueError: an unknown policy, or AutoAugment of images without colour.
    """
    name, size = config_data.autoaugment, config_data.cutout
    if name != "none" and name not in POLICIES:
        raise ValueError(f"data.autoaugment is {name!r}, allowed: none, {', '.join(POLICIES)}.")
    if name != "none" and channels != 3:
        raise ValueError(
            f"data.autoaugment is {name!r}, but the images of {config_data.name} have "
            f"{channels} channel: only 'none' is allowed, its operations need colour."
        )
    fill = np.round(255 * np.asarray(config_data.mean)).astype(np.uint8)

    def augment(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if name != "none":
            image = autoaugment(image, POLICIES[name], rng)
        return cutout(image, size, fill, rng) if size else image

    return augment
