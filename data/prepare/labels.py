"""Label maps: checked against their image and classes, and written as TFDS has them."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from data.decode import image_size

#: The label of pixels that do not count.
VOID = 255


def checked_labels(
    name: str, image: bytes, labels: np.ndarray, classes: Sequence[str]
) -> np.ndarray:
    """Returns the label map of an image if it fits.

    Raises:
      DecodeError: the image is broken.
      ValueError: the map has another size than the image, or holds a label that is no class.
    """
    height, width = image_size(image)
    if labels.shape != (height, width):
        raise ValueError(
            f"{name}: the mask is {labels.shape[1]} x {labels.shape[0]} pixels, its image is "
            f"{width} x {height}"
        )
    wrong = np.unique(labels[(labels >= len(classes)) & (labels != VOID)])
    if wrong.size:
        raise ValueError(
            f"{name}: the mask has label {wrong[0]}, allowed are the {len(classes)} classes 0 to "
            f"{len(classes) - 1}, and {VOID} for what does not count"
        )
    return labels.astype(np.uint8)


def as_png(labels: np.ndarray) -> bytes:
    """A PNG of one channel, without a palette, which other readers would take for colours."""
    file = io.BytesIO()
    Image.fromarray(labels).save(file, "PNG")
    return file.getvalue()
