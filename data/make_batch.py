"""Indices of examples to a batch of arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.bad_images import BadImages
from data.decode import DecodeError
from data.source import Source

# Records are read this many at a time: a whole batch would be in memory twice, encoded as well.
READ_AT_ONCE = 64


@dataclass(frozen=True)
class MakeBatch:
    """Reads, decodes and stacks the examples of a batch. Many threads may call it at once.

    Called with the batch's positions in the stream and the indices of the examples there; those
    beyond the source's end are padding. The result is described at :class:`data.pipeline.Batches`.

    Attributes:
      source: what the indices refer to.
      transform: (encoded image, size, position in the stream) -> uint8 `(size, size, channels)`.
      image_shape: `(size, size, channels)`.
      bad_images: told of each image that does not decode.
    """

    source: Source
    transform: Callable[[bytes, int, int], np.ndarray]
    image_shape: tuple[int, int, int]
    bad_images: BadImages

    def __call__(self, positions: np.ndarray, indices: np.ndarray) -> dict[str, np.ndarray]:
        rows = len(indices)
        batch = {
            "image": np.zeros((rows, *self.image_shape), np.uint8),
            "label": np.zeros(rows, np.int32),
            "mask": np.zeros(rows, bool),
        }
        indices = [index for index in indices.tolist() if index < len(self.source)]
        for start in range(0, len(indices), READ_AT_ONCE):
            some = indices[start : start + READ_AT_ONCE]
            examples = self.source.read(some)
            for row, (index, example) in enumerate(zip(some, examples, strict=True), start):
                try:
                    image = self.transform(
                        example["image"], self.image_shape[0], int(positions[row])
                    )
                except DecodeError as error:
                    self.bad_images.add(index, _name(example, index), error)
                else:
                    batch["image"][row] = image
                    batch["label"][row] = example["label"]
                    batch["mask"][row] = True
        return batch


def _name(example: dict[str, Any], index: int) -> str:
    name = example.get("file_name") or example.get("id")
    return name.decode() if name else f"example {index}"
