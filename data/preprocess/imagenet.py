"""Photographs of any size and shape, cropped as in section 4.1."""

import numpy as np

from data.crops import centre_box, random_resized_box
from data.decode import decode, decode_box, image_size
from data.moves import random_flip
from data.preprocess.base import LabelledImages
from data.resize import resize_box


class Imagenet(LabelledImages):
    """Random-resized crops and flips in training, one centre crop in evaluation."""

    @staticmethod
    def train_image(encoded: bytes, size: int, rng: np.random.Generator) -> np.ndarray:
        """A random-resized crop, bicubic, flipped half the time."""
        box = random_resized_box(*image_size(encoded), rng)
        square = size, size
        return random_flip(resize_box(*decode_box(encoded, box, square), square), rng)

    @staticmethod
    def eval_image(encoded: bytes, size: int) -> np.ndarray:
        """The centre crop, bicubic, from the fully decoded image."""
        pixels = decode(encoded)
        height, width, _ = pixels.shape
        return resize_box(pixels, centre_box(height, width, size), (size, size))
