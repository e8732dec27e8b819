"""AutoAugment's policies: one sub-policy of two operations an image, each with its probability.

Source: Cubuk et al. 2019 (arXiv 1805.09501), Tables 7 (CIFAR-10) and 9 (ImageNet). The magnitudes
are those of the paper's Table 6, and where ImageNet's differ, of the same authors' ImageNet code in
the repository tensorflow/tpu.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from data import image_ops


@dataclass(frozen=True)
class Operation:
    """An operation of :mod:`data.image_ops` and what a magnitude of 0 to 10 means to it.

    Attributes:
      apply: `(image, amount) -> image`.
      amount: magnitude -> amount.
      signed: the amount's sign is drawn.
    """

    apply: Callable[[Image.Image, float], Image.Image]
    amount: Callable[[int], float] = lambda magnitude: 0.0
    signed: bool = False


def _factor(magnitude: int) -> float:
    return 1.8 * magnitude / 10 + 0.1


def _rate(magnitude: int) -> float:
    return 0.3 * magnitude / 10


OPERATIONS = {
    "rotate": Operation(image_ops.rotate, lambda m: 30 * m / 10, signed=True),
    "shear_x": Operation(image_ops.shear_x, _rate, signed=True),
    "shear_y": Operation(image_ops.shear_y, _rate, signed=True),
    # At most 150 pixels of 331 in the paper; ImageNet's policy translates by 250.
    "translate_x": Operation(image_ops.translate_x, lambda m: 150 / 331 * m / 10, signed=True),
    "translate_y": Operation(image_ops.translate_y, lambda m: 150 / 331 * m / 10, signed=True),
    "far_translate_y": Operation(image_ops.translate_y, lambda m: 250 / 331 * m / 10, signed=True),
    "color": Operation(image_ops.color, _factor),
    "contrast": Operation(image_ops.contrast, _factor),
    "brightness": Operation(image_ops.brightness, _factor),
    "sharpness": Operation(image_ops.sharpness, _factor),
    # 4 to 8 bits in the paper; ImageNet's policy keeps 0 to 4.
    "posterize": Operation(image_ops.posterize, lambda m: 4 + 4 * m / 10),
    "coarse_posterize": Operation(image_ops.posterize, lambda m: 4 * m / 10),
    "solarize": Operation(image_ops.solarize, lambda m: 256 * m / 10),
    "solarize_add": Operation(image_ops.solarize_add, lambda m: 110 * m / 10),
    "invert": Operation(image_ops.invert),
    "equalize": Operation(image_ops.equalize),
    "auto_contrast": Operation(image_ops.auto_contrast),
}

#: Lines are sub-policies: operation, probability, magnitude; twice.
IMAGENET = """
    equalize .8 1, shear_y .8 4
    color .4 9, equalize .6 3
    color .4 1, rotate .6 8
    solarize .8 3, equalize .4 7
    solarize .4 2, solarize .6 2
    color .2 0, equalize .8 8
    equalize .4 8, solarize_add .8 3
    shear_x .2 9, rotate .6 8
    color .6 1, equalize 1 2
    invert .4 9, rotate .6 0
    equalize 1 9, shear_y .6 3
    color .4 7, equalize .6 0
    coarse_posterize .4 6, auto_contrast .4 7
    solarize .6 8, color .6 9
    solarize .2 4, rotate .8 9
    rotate 1 7, far_translate_y .8 9
    shear_x 0 0, solarize .8 4
    shear_y .8 0, color .6 4
    color 1 0, rotate .6 2
    equalize .8 4, equalize 0 8
    equalize 1 4, auto_contrast .6 2
    shear_y .4 7, solarize_add .6 7
    coarse_posterize .8 2, solarize .6 10
    solarize .6 8, equalize .6 1
    color .8 6, rotate .4 5
"""

CIFAR10 = """
    invert .1 7, contrast .2 6
    rotate .7 2, translate_x .3 9
    sharpness .8 1, sharpness .9 3
    shear_y .5 8, translate_y .7 9
    auto_contrast .5 8, equalize .9 2
    shear_y .2 7, posterize .3 7
    color .4 3, brightness .6 7
    sharpness .3 9, brightness .7 9
    equalize .6 5, equalize .5 1
    contrast .6 7, sharpness .6 5
    color .7 7, translate_x .5 8
    equalize .3 7, auto_contrast .4 8
    translate_y .4 3, sharpness .2 6
    brightness .9 6, color .2 8
    solarize .5 2, invert 0 3
    equalize .2 0, auto_contrast .6 0
    equalize .2 8, equalize .6 4
    color .9 9, equalize .6 6
    auto_contrast .8 4, solarize .2 8
    brightness .1 3, color .7 0
    solarize .4 5, auto_contrast .9 3
    translate_y .9 9, translate_y .7 9
    auto_contrast .9 2, solarize .8 3
    equalize .8 8, invert .1 3
    translate_y .7 9, auto_contrast .9 1
"""

SubPolicy = tuple[tuple[str, float, int], ...]


def _parse(policy: str) -> tuple[SubPolicy, ...]:
    def step(text: str) -> tuple[str, float, int]:
        name, probability, magnitude = text.split()
        return name, float(probability), int(magnitude)

    return tuple(tuple(map(step, line.split(","))) for line in policy.strip().splitlines())


POLICIES = {"imagenet": _parse(IMAGENET), "cifar10": _parse(CIFAR10)}


def autoaugment(
    pixels: np.ndarray, policy: tuple[SubPolicy, ...], rng: np.random.Generator
) -> np.ndarray:
    """Applies a random sub-policy.

    Args:
      pixels: uint8 `(height, width, 3)`.
      policy: one of :data:`POLICIES`; its sub-policies are equally likely.
      rng: the example's own generator.

    Returns:
      uint8 `(height, width, 3)`.
    """
    image = Image.fromarray(pixels)
    for name, probability, magnitude in policy[rng.integers(len(policy))]:
        if rng.random() >= probability:
            continue
        operation = OPERATIONS[name]
        amount = operation.amount(magnitude)
        if operation.signed and rng.random() < 0.5:
            amount = -amount
        image = operation.apply(image, amount)
    return np.asarray(image)
