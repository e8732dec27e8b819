"""The boxes of an example, read alike from the data sets that have them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Objects(NamedTuple):
    """What an image shows, one row an object.

    Attributes:
      boxes: float64 `(n, 4)`: the edges top, left, bottom, right as parts of the image, 0 to 1.
      labels: int32 `(n,)`: classes.
      area: float32 `(n,)`: of the object in pixels of the original image; that of its box where the
        data set has none. COCO's small, medium and large go by it.
      crowd: bool `(n,)`: a box around many objects that are not told apart.
      difficult: bool `(n,)`: an object that nobody is expected to find.
    """

    boxes: np.ndarray
    labels: np.ndarray
    area: np.ndarray
    crowd: np.ndarray
    difficult: np.ndarray


def read_objects(objects: Mapping[str, Any], height: int, width: int) -> Objects:
    """Reads the feature `objects`, as TFDS has it in `coco`, `voc` and others.

    Args:
      objects: name -> a value for each object; `bbox` and `label`, and if the data set has them
        `area`, `is_crowd` and `is_difficult`.
      height: of the original image, pixels.
      width: of the original image, pixels.
    """
    count = len(objects["label"])
    # Without TensorFlow TFDS gives lists; of no objects they do not say what is in them.
    boxes = np.asarray(objects["bbox"], np.float64).reshape(count, 4)
    sides = (boxes[:, 2:] - boxes[:, :2]) * (height, width)
    return Objects(
        boxes,
        np.asarray(objects["label"], np.int32).reshape(count),
        np.asarray(objects.get("area", sides.prod(axis=1)), np.float32).reshape(count),
        np.asarray(objects.get("is_crowd", np.zeros(count)), bool).reshape(count),
        np.asarray(objects.get("is_difficult", np.zeros(count)), bool).reshape(count),
    )
