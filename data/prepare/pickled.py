"""The pickled batches of CIFAR, read without running what a pickle says."""

import pickletools
from dataclasses import dataclass

import numpy as np

_INTEGERS = ("BININT1", "BININT2", "BININT")


@dataclass(frozen=True)
class Batch:
    """Labels, and as many images of the same number of bytes."""

    labels: list[int]
    images: np.ndarray


def read_batch(content: bytes, image_bytes: int) -> Batch:
    """Finds the labels and the array of images in a pickled dictionary.

    Args:
      content: of the file.
      image_bytes: of one image.

    Raises:
      ValueError: it is no such file.
    """
    labels: list[int] = []
    pixels, key = b"", ""
    transposed = seen_true = False
    for operation, argument, _ in pickletools.genops(content):
        if operation.name in ("NEWTRUE", "NEWFALSE"):
            seen_true = operation.name == "NEWTRUE"  # of NumPy's state, just before the bytes
        elif isinstance(argument, str):
            if len(argument) > len(pixels) and len(argument) % image_bytes == 0:
                pixels, transposed = argument.encode("latin-1"), seen_true
            key = argument
        elif key == "labels" and operation.name in _INTEGERS and argument is not None:
            labels.append(argument)
    if not labels or len(labels) * image_bytes != len(pixels):
        raise ValueError(f"{len(labels)} labels, {len(pixels)} bytes of images")
    flat = np.frombuffer(pixels, np.uint8)
    if transposed:
        return Batch(labels, flat.reshape(image_bytes, len(labels)).T)
    return Batch(labels, flat.reshape(len(labels), image_bytes))
