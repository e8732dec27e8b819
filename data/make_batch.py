"""Indices of examples to a batch of arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.bad_images import BadImages
from data.errors import DataError, DecodeError
from data.source import Source
from data.spec import CLASSES, ArraySpec, Example

# Records are read this many at a time: a whole batch would be in memory twice, encoded as well.
READ_AT_ONCE = 64
#: The array that every batch has beside those of the spec: which rows count.
MASK = "mask"


@dataclass(frozen=True)
class MakeBatch:
    """Reads, decodes and stacks the examples of a batch. Many threads may call it at once.

    Called with the batch's positions in the stream and the indices of the examples there; those
    beyond the source's end are padding. The result is described at :class:`data.pipeline.Batches`.

    Attributes:
      source: what the indices refer to.
      transform: (example, position in the stream) -> the arrays of `spec`.
      spec: array name -> its spec.
      num_classes: number of classes of the data set.
      bad_images: told of each example that does not decode.
    """

    source: Source
    transform: Callable[[Example, int], Mapping[str, Any]]
    spec: Mapping[str, ArraySpec]
    num_classes: int
    bad_images: BadImages

    def __call__(self, positions: np.ndarray, indices: np.ndarray) -> dict[str, np.ndarray]:
        """The batch.

        Raises:
          TooManyBadImages: more examples than allowed do not decode.
          DataError: a value is not one that the spec allows; the message names the example.
        """
        rows = len(indices)
        batch = {
            name: np.zeros((rows, *spec.shape), spec.dtype) for name, spec in self.spec.items()
        }
        batch[MASK] = np.zeros(rows, bool)
        present = [index for index in indices.tolist() if index < len(self.source)]
        for start in range(0, len(present), READ_AT_ONCE):
            some = present[start : start + READ_AT_ONCE]
            examples = self.source.read(some)
            for row, (index, example) in enumerate(zip(some, examples, strict=True), start):
                try:
                    arrays = self.transform(example, int(positions[row]))
                except DecodeError as error:
                    self.bad_images.add(index, self.source.name_of(example, index), error)
                    continue
                for name, spec in self.spec.items():
                    array = np.asarray(arrays[name])
                    self._check(name, spec, array, example, index)
                    batch[name][row] = array
                batch[MASK][row] = True
        return batch

    def _check(
        self, name: str, spec: ArraySpec, array: np.ndarray, example: Example, index: int
    ) -> None:
        if array.shape != spec.shape:
            raise ValueError(
                f"the preprocess made {name!r} of shape {array.shape}, its spec says {spec.shape}"
            )
        if spec.values is None:
            return
        allowed = range(self.num_classes) if spec.values == CLASSES else spec.values
        assert isinstance(allowed, range)
        wrong = _first_outside(array, allowed, spec.ignored)
        if wrong is not None:
            what = f"the {len(allowed)} classes " if spec.values == CLASSES else ""
            also = "" if spec.ignored is None else f" or {spec.ignored}"
            raise DataError(
                f"{self.source.name} {self.source.split}: {self.source.name_of(example, index)} "
                f"has {name} {wrong}, which is not one of {what}{allowed[0]} to {allowed[-1]}{also}"
                f"{' (unlabelled?)' if wrong == -1 else ''}."
            )


def _first_outside(array: np.ndarray, allowed: range, ignored: int | None) -> int | None:
    outside = (array < allowed[0]) | (array > allowed[-1])
    if ignored is not None:
        outside &= array != ignored
    return int(array[outside].flat[0]) if outside.any() else None
