"""Photographs with a class for each pixel."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from data import fields
from data.decode import DecodeError, decode, decode_labels
from data.spec import CLASSES, ArraySpec, Example

#: (left, top, right, bottom) in pixels and parts of them, as Pillow has it
_Box = tuple[float, float, float, float]


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
    - `sizes`: in evaluation, int32 `(4,)`: height and width of the image in `image`, and of the
    labels
      in `label`; what lies beyond them is padding.

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
    pads
      with class 0 in training; here padding is ignored.
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
        self._size = _sides("image_size", image_size)
        self._eval_size = _sides("eval_size", eval_size) if eval_size else self._size
        label = _sides("label_size", label_size) if label_size else self._eval_size
        mean = fields.per_channel("mean", mean, 3, zero=True)
        fields.per_channel("std", std, 3, zero=False)
        self._colour = tuple(round(255 * value) for value in mean)
        self._scales = _scales(scale_range)
        self._ignored = fields.whole("ignored_label", ignored_label, least=0)
        if self._ignored > 255:
            raise fields.refusal("ignored_label", ignored_label, "a whole number from 0 to 255")
        self.train_spec = {
            "image": ArraySpec((*self._size, 3), np.uint8),
            "label": ArraySpec(self._size, np.uint8, CLASSES, self._ignored),
        }
        self.eval_spec = {
            "image": ArraySpec((*self._eval_size, 3), np.uint8),
            "label": ArraySpec(label, np.uint8, CLASSES, self._ignored),
            "sizes": ArraySpec((4,), np.int32),
        }

    def train(self, example: Example, rng: np.random.Generator) -> dict[str, Any]:
        image, label = _decode(example)
        height, width = label.shape
        scale = rng.uniform(*self._scales) * max(self._size) / max(height, width)
        scaled = max(1, round(height * scale)), max(1, round(width * scale))
        # A side that is longer than the crop is cropped at random, a shorter one is padded.
        size = min(scaled[0], self._size[0]), min(scaled[1], self._size[1])
        top, left = (int(rng.integers(a - b + 1)) for a, b in zip(scaled, size, strict=True))
        down, across = height / scaled[0], width / scaled[1]
        box = left * across, top * down, (left + size[1]) * across, (top + size[0]) * down
        pixels = _resize(image, size, box, Image.Resampling.BILINEAR)
        labels = _resize(label, size, box, Image.Resampling.NEAREST)
        if rng.random() < 0.5:
            pixels, labels = pixels[:, ::-1], labels[:, ::-1]
        return {
            "image": self._pad(pixels, self._size, self._colour),
            "label": self._pad(labels, self._size, self._ignored),
        }

    def evaluate(self, example: Example) -> dict[str, Any]:
        image, label = _decode(example)
        height, width = label.shape
        scale = min(self._eval_size[0] / height, self._eval_size[1] / width)
        size = max(1, round(height * scale)), max(1, round(width * scale))
        pixels = _resize(image, size, (0, 0, width, height), Image.Resampling.BILINEAR)
        largest = self.eval_spec["label"].shape
        if height > largest[0] or width > largest[1]:
            raise ValueError(
                f"config.data.label_size must hold every label map of the evaluation split, got "
                f"{largest}: one is {height} high and {width} wide."
            )
        return {
            "image": self._pad(pixels, self._eval_size, self._colour),
            "label": self._pad(label, largest, self._ignored),
            "sizes": np.array([*size, height, width], np.int32),
        }

    @staticmethod
    def _pad(array: np.ndarray, size: Sequence[int], value: Any) -> np.ndarray:
        padded = np.empty((*size, *array.shape[2:]), array.dtype)
        padded[:] = value
        padded[: array.shape[0], : array.shape[1]] = array
        return padded


def _decode(example: Example) -> tuple[np.ndarray, np.ndarray]:
    image, label = decode(example["image"]), decode_labels(example["segmentation_label"])
    if image.shape[:2] != label.shape:
        raise DecodeError(
            f"the image is {image.shape[1]} x {image.shape[0]} pixels, its labels are "
            f"{label.shape[1]} x {label.shape[0]}"
        )
    return image, label


def _resize(
    array: np.ndarray, size: tuple[int, int], box: _Box, resample: Image.Resampling
) -> np.ndarray:
    """The pixels of a box, resized; both kinds of resampling agree on where a pixel is."""
    image = Image.fromarray(array)
    return np.asarray(image.resize((size[1], size[0]), resample, box=box))


def _sides(field: str, value: Any) -> tuple[int, int]:
    if isinstance(value, int) and not isinstance(value, bool):
        value = (value, value)
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise fields.refusal(field, value, "height and width in pixels")
    height, width = (fields.whole(field, side, least=1) for side in value)
    return height, width


def _scales(value: Any) -> tuple[float, float]:
    allowed = "two numbers above 0, the smaller first"
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise fields.refusal("scale_range", value, allowed)
    low, high = value
    if not 0 < low <= high < float("inf"):
        raise fields.refusal("scale_range", value, allowed)
    return float(low), float(high)
