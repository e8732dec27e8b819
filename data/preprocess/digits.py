"""Small grey images of characters."""

import numpy as np

from data.decode import decode
from data.moves import random_shift
from data.preprocess.base import LabelledImages
from data.resize import resize_bilinear


class Digits(LabelledImages):
    """Random shifts in training, never flips: a mirrored digit is none."""

    channels = 1

    @staticmethod
    def train_image(encoded: bytes, size: int, rng: np.random.Generator) -> np.ndarray:
        """A random shift by up to an eighth."""
        return random_shift(Digits.eval_image(encoded, size), size // 8, rng)

    @staticmethod
    def eval_image(encoded: bytes, size: int) -> np.ndarray:
        """The image as one channel, enlarged bilinearly."""
        return resize_bilinear(decode(encoded, channels=1), size)
