"""Photographs with boxes around objects."""

from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from data import fields
from data.crops import random_window, scaled_size
from data.decode import decode, decode_box
from data.decode import image_size as read_image_size
from data.moves import flip, pad
from data.objects import read_objects
from data.resize import resize_box
from data.spec import CLASSES, ROW, ArraySpec, Example


class Detection:
    """Images and boxes, moved together; see :class:`data.spec.Preprocess`.

    A box is its edges top, left, bottom, right, in pixels from the image's upper left corner: the
    first pixel of a row reaches from 0 to 1, and a box's width is right less left.

    In training the image is scaled to ``scale_range`` times what fits into ``image_size``, keeping
    the aspect; a random part is cropped where that is too long; it is flipped half the time. What
    is smaller is padded at the bottom and on the right, with the mean colour. Boxes are those of
    the crop: scaled as the image was after rounding, and cut at its edges. Left out are boxes
    marked as crowds, boxes that are empty in the crop, and those beyond ``max_boxes``. However
    little of an object is left counts: there is no least share. What is marked as difficult is
    trained on. The arrays are

    - `image`: uint8 `(*image_size, 3)`,
    - `boxes`: float32 `(max_boxes, 4)`,
    - `box_label`: int32 `(max_boxes,)`, classes,
    - `box_mask`: bool `(max_boxes,)`; the rows where it is False are zeros and do not count.

    In evaluation the image is scaled to fit ``image_size`` and padded. What is true is that of the
    original image, in its own pixels:

    - `image`: as above,
    - `sizes`: int32 `(4,)`: height and width of the image in `image`, and of the original,
    - `image_id`: int32 `(2,)`, the two halves of an int64 as they lie in memory, because JAX has 32
      bits: the data set's `image/id`; without it the image's number in the split, from 1,
    - `true_boxes`: float32 `(max_eval_boxes, 4)`, `true_label`: int32 `(max_eval_boxes,)`, and
      `true_mask`, bool `(max_eval_boxes,)`, as above,
    - `true_area`: float32 `(max_eval_boxes,)`, of the objects,
    - `true_crowd`: bool `(max_eval_boxes,)`: finding it or not does not count. So it is with
      crowds, as in COCO's own evaluation, and with what is marked as difficult, as in VOC's.

    Images without any box are kept in both.

    Args:
      image_size: height and width of the network's input, or its side, pixels.
      mean: of each channel, 0 to 1; it pads images, and the task normalises with it on the device.
      std: standard deviation of each channel, above 0 and up to 1; for the task.
      scale_range: smallest and largest scale in training.
      max_boxes: that an image has at most in training; what is beyond is left out.
      max_eval_boxes: that an image has at most in evaluation, where one with more is an error.

    Source: Ghiasi et al. 2018, section 4.3: the repository tensorflow/tpu of October 2018, with the
    exact scales and without the empty boxes of its later version. Resizing has antialiasing here,
    and the boxes reach to the last pixel's end.
    """

    reads: ClassVar[dict[str, type]] = {
        "image": tfds.features.Image,
        "objects": tfds.features.Sequence,
    }

    def __init__(
        self,
        image_size: Any,
        mean: Any,
        std: Any,
        scale_range: Any = (0.8, 1.2),
        max_boxes: int = 100,
        max_eval_boxes: int = 100,
    ):
        self._size = fields.sides("image_size", image_size)
        mean = fields.per_channel("mean", mean, 3, zero=True)
        fields.per_channel("std", std, 3, zero=False)
        self._colour = tuple(round(255 * value) for value in mean)
        self._scales = fields.scale_range("scale_range", scale_range)
        self._most = fields.whole("max_boxes", max_boxes, least=1)
        self._eval_most = fields.whole("max_eval_boxes", max_eval_boxes, least=1)
        image = ArraySpec((*self._size, 3), np.uint8)
        self.train_spec = {
            "image": image,
            "boxes": ArraySpec((self._most, 4), np.float32),
            "box_label": ArraySpec((self._most,), np.int32, CLASSES),
            "box_mask": ArraySpec((self._most,), np.bool_),
        }
        self.predict_spec = {"image": image, "sizes": ArraySpec((4,), np.int32)}
        self.eval_spec = self.predict_spec | {
            "image_id": ArraySpec((2,), np.int32),
            "true_boxes": ArraySpec((self._eval_most, 4), np.float32),
            "true_label": ArraySpec((self._eval_most,), np.int32, CLASSES),
            "true_area": ArraySpec((self._eval_most,), np.float32),
            "true_crowd": ArraySpec((self._eval_most,), np.bool_),
            "true_mask": ArraySpec((self._eval_most,), np.bool_),
        }

    def train(self, example: Example, rng: np.random.Generator) -> dict[str, Any]:
        height, width = read_image_size(example["image"])
        scale = rng.uniform(*self._scales) * self._fit(height, width)
        window = random_window(height, width, scale, self._size, rng)
        pixels, inside = decode_box(example["image"], window.box_in(height, width), window.size)
        image = resize_box(pixels, inside, window.size, "bilinear")
        objects = read_objects(example["objects"], height, width)
        boxes = objects.boxes * (window.scaled * 2) - (window.top, window.left) * 2
        if rng.random() < 0.5:
            image = flip(image)
            boxes[:, 1::2] = window.size[1] - boxes[:, 3::-2]
        boxes = np.clip(boxes, 0, window.size * 2).astype(np.float32)
        seen = ~objects.crowd & (boxes[:, :2] < boxes[:, 2:]).all(axis=1)
        kept = np.flatnonzero(seen)[: self._most]
        return {
            "image": pad(image, self._size, self._colour),
            "boxes": _fill(boxes[kept], self._most),
            "box_label": _fill(objects.labels[kept], self._most),
            "box_mask": np.arange(self._most) < len(kept),
        }

    def evaluate(self, example: Example) -> dict[str, Any]:
        arrays = self.predict(example)
        height, width = arrays["sizes"][2:].tolist()
        objects = read_objects(example["objects"], height, width)
        count, most = len(objects.labels), self._eval_most
        if count > most:
            raise ValueError(
                "config.data.max_eval_boxes must hold the boxes of every image of the evaluation "
                f"split, got {most}: one has {count}."
            )
        image_id = example.get("image/id")
        if not isinstance(image_id, int | np.integer):
            image_id = example[ROW] + 1
        return arrays | {
            "image_id": np.array([image_id], np.int64).view(np.int32),
            "true_boxes": _fill((objects.boxes * ((height, width) * 2)).astype(np.float32), most),
            "true_label": _fill(objects.labels, most),
            "true_area": _fill(objects.area, most),
            "true_crowd": _fill(objects.crowd | objects.difficult, most),
            "true_mask": np.arange(most) < count,
        }

    def predict(self, example: Example) -> dict[str, Any]:
        pixels = decode(example["image"])
        height, width, _ = pixels.shape
        size = scaled_size(height, width, self._fit(height, width))
        image = resize_box(pixels, (0, 0, height, width), size, "bilinear")
        return {
            "image": pad(image, self._size, self._colour),
            "sizes": np.array([*size, height, width], np.int32),
        }

    def _fit(self, height: int, width: int) -> float:
        """The scale at which an image just fits."""
        return min(self._size[0] / height, self._size[1] / width)


def _fill(rows: np.ndarray, most: int) -> np.ndarray:
    """Rows and as many zeros as make them `most`."""
    filled = np.zeros((most, *rows.shape[1:]), rows.dtype)
    filled[: len(rows)] = rows
    return filled
