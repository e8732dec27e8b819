"""Small square photographs."""

import numpy as np

from data.decode import decode
from data.moves import random_flip, random_shift
from data.preprocess.base import LabelledImages
from data.resize import resize_bilinear


class Cifar(LabelledImages):
    """Random shifts and flips in training, the image itself in evaluation."""

    @staticmethod
    def train_image(encoded: bytes, size: int, rng: np.random.Generator) -> np.ndarray:
        """Zero padding by an eighth (4 pixels of 32), a random crop, flipped half the time."""
        return random_flip(random_shift(Cifar.eval_image(encoded, size), size // 8, rng), rng)

    @staticmethod
    def eval_image(encoded: bytes, size: int) -> np.ndarray:
        """The image, resized only where the data set has another size."""
        return resize_bilinear(decode(encoded), size)
