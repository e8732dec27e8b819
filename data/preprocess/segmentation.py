"""Photographs with a class for each pixel."""

from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from data import fields
from data.crops import FloatBox, random_window, scaled_size
from data.decode import decode, decode_box, decode_labels, image_size
from data.errors import DecodeError
from data.moves import flip, pad
from data.resize import resize_box
from data.spec import CLASSES, ArraySpec, Example


class Segmentation:
    """Images and label maps, moved together; see :class:`data.spec.Preprocess`.

    In training the longer side is scaled to ``scale_range`` times the longer side of
    ``image_size``, keeping the aspect, and a random part of ``image_size`` is cropped. What is
    smaller is padded at the bottom and on the right, with the mean colour and the ignored label.
    Labels are never mixed: each is that of the nearest pixel.

    In evaluation the image is scaled to fit ``eval_size``, and the labels stay as they are: every
    pixel of the original is judged. The arrays are

    - `image`: uint8 `(*image_size, 3)`, in evaluation `(*eval_size, 3)`,
    - `label`: uint8 `(*image_size)`, in evaluation `(*label_size)`,
    - `sizes`: in evaluation, int32 `(6,)`: height and width of the image in `image`, of the labels
      in `label`, beyond both of which is padding, and of the image itself. Labels are to be as
      large as the image: where they cannot, because only an image is given and it is larger than
      ``label_size``, they are as large as fits.

    Args:
      image_size: height and width of the network's input in training, pixels.
      eval_size: the same in evaluation; empty for ``image_size``.
      label_size: height and width that hold every label map of the evaluation split, pixels; empty
        for ``eval_size``.
      mean: of each channel, 0 to 1; it pads images, and the task normalises with it on the device.
      std: standard deviation of each channel, above 0 and up to 1; for the task.
      scale_range: smallest and largest scale in training.
      ignored_label: the label of pixels that do not count.

    Source: Ghiasi et al. 2018, section 4.4: the repository tensorflow/tpu of October 2018, which
    pads with class 0 in training; here padding is ignored.
    """

    reads: ClassVar[dict[str, type]] = {
        "image": tfds.features.Image,
        "segmentation_label": tfds.features.Image,
    }

    def __init__(
        self,
        image_size: Any,
        mean: Any,
        std: Any,
        eval_size: Any = (),
        label_size: Any = (),
        scale_range: Any = (0.75, 1.5),
        ignored_label: int = 255,
    ):
        self._size = fields.sides("image_size", image_size)
        self._eval_size = fields.sides("eval_size", eval_size) if eval_size else self._size
        self._label_size = fields.sides("label_size", label_size) if label_size else self._eval_size
        mean = fields.per_channel("mean", mean, 3, zero=True)
        fields.per_channel("std", std, 3, zero=False)
        self._colour = tuple(round(255 * value) for value in mean)
        self._scales = fields.scale_range("scale_range", scale_range)
        self._ignored = fields.whole("ignored_label", ignored_label, least=0)
        if self._ignored > 255:
            raise fields.refusal("ignored_label", ignored_label, "a whole number from 0 to 255")
        self.train_spec = {
            "image": ArraySpec((*self._size, 3), np.uint8),
            "label": ArraySpec(self._size, np.uint8, CLASSES, self._ignored),
        }
        self.predict_spec = {
            "image": ArraySpec((*self._eval_size, 3), np.uint8),
            "sizes": ArraySpec((6,), np.int32),
        }
        self.eval_spec = self.predict_spec | {
            "label": ArraySpec(self._label_size, np.uint8, CLASSES, self._ignored),
        }

    def train(self, example: Example, rng: np.random.Generator) -> dict[str, Any]:
        labels = _decode_labels(example)
        height, width = labels.shape
        scale = rng.uniform(*self._scales) * max(self._size) / max(height, width)
        window = random_window(height, width, scale, self._size, rng)
        box = window.box_in(height, width)
        pixels, inside = decode_box(example["image"], box, window.size)
        image = resize_box(pixels, inside, window.size, "bilinear")
        labels = _nearest(labels, box, window.size)
        if rng.random() < 0.5:
            image, labels = flip(image), labels[:, ::-1]
        return {
            "image": pad(image, self._size, self._colour),
            "label": pad(labels, self._size, self._ignored),
        }

    def evaluate(self, example: Example) -> dict[str, Any]:
        labels, largest = _decode_labels(example), self._label_size
        height, width = labels.shape
        if height > largest[0] or width > largest[1]:
            raise ValueError(
                f"config.data.label_size must hold every label map of the evaluation split, got "
                f"{largest}: one is {height} high and {width} wide."
            )
        return self.predict(example) | {"label": pad(labels, largest, self._ignored)}

    def predict(self, example: Example) -> dict[str, Any]:
        pixels = decode(example["image"])
        own = height, width = pixels.shape[:2]
        size = scaled_size(height, width, _fit(own, self._eval_size))
        label = scaled_size(height, width, min(1, _fit(own, self._label_size)))
        image = resize_box(pixels, (0, 0, height, width), size, "bilinear")
        return {
            "image": pad(image, self._eval_size, self._colour),
            "sizes": np.array([*size, *label, *own], np.int32),
        }


def _fit(size: tuple[int, int], into: tuple[int, int]) -> float:
    """The scale at which an image just fits."""
    return min(into[0] / size[0], into[1] / size[1])


def _decode_labels(example: Example) -> np.ndarray:
    labels = decode_labels(example["segmentation_label"])
    height, width = image_size(example["image"])
    if (height, width) != labels.shape:
        raise DecodeError(
            f"the image is {width} x {height} pixels, its labels are "
            f"{labels.shape[1]} x {labels.shape[0]}"
        )
    return labels


def _nearest(labels: np.ndarray, box: FloatBox, size: tuple[int, int]) -> np.ndarray:
    """The labels of the pixels nearest to those of the resized image, where their centres are."""
    top, left, height, width = box
    corners = left, top, min(left + width, labels.shape[1]), min(top + height, labels.shape[0])
    resized = Image.fromarray(labels).resize(size[::-1], Image.Resampling.NEAREST, corners)
    return np.asarray(resized)
