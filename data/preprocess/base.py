"""Images with one label each: what the kinds of classification data sets share."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from data import fields
from data.augment import find_augment
from data.spec import CLASSES, ArraySpec, Example


class LabelledImages(ABC):
    """Square images with a class label; see :class:`data.spec.Preprocess`.

    The arrays are `image`, uint8 `(image_size, image_size, channels)`, and `label`, int32.

    Args:
      image_size: side of the images, pixels.
      mean: of each channel, 0 to 1. Cutout fills with it; otherwise it is for the task, which
        normalises on the device.
      std: standard deviation of each channel, above 0 and up to 1; for the task.
      autoaugment: a policy of :data:`data.autoaugment.POLICIES`, or "none".
      cutout: side of the square that is blanked, pixels; 0 for none.
    """

    channels: ClassVar[int] = 3
    reads: ClassVar[dict[str, type]] = {
        "image": tfds.features.Image,
        "label": tfds.features.ClassLabel,
    }

    def __init__(
        self, image_size: int, mean: Any, std: Any, autoaugment: str = "none", cutout: int = 0
    ):
        self._size = fields.whole("image_size", image_size, least=1)
        mean = fields.per_channel("mean", mean, self.channels, zero=True)
        fields.per_channel("std", std, self.channels, zero=False)
        self._augment = find_augment(autoaugment, cutout, mean)
        image = ArraySpec((self._size, self._size, self.channels), np.uint8)
        self.predict_spec = {"image": image}
        self.train_spec = self.eval_spec = {
            "image": image,
            "label": ArraySpec((), np.int32, CLASSES),
        }

    def train(self, example: Example, rng: np.random.Generator) -> dict[str, Any]:
        image = self._augment(self.train_image(example["image"], self._size, rng), rng)
        return {"image": image, "label": example["label"]}

    def evaluate(self, example: Example) -> dict[str, Any]:
        return {**self.predict(example), "label": example["label"]}

    def predict(self, example: Example) -> dict[str, Any]:
        return {"image": self.eval_image(example["image"], self._size)}

    @staticmethod
    @abstractmethod
    def train_image(encoded: bytes, size: int, rng: np.random.Generator) -> np.ndarray:
        """The image cropped and flipped at random, uint8 `(size, size, channels)`."""

    @staticmethod
    @abstractmethod
    def eval_image(encoded: bytes, size: int) -> np.ndarray:
        """The image as it is evaluated, uint8 `(size, size, channels)`."""
