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

    def __post_init__(self) -> None:
        if MASK in self.spec:
            raise ValueError(f"a preprocess may not call an array {MASK!r}: every batch has one")

    def __call__(self, positions: np.ndarray, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Makes the batch.

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
                    value = arrays[name]
                    self._check(name, spec, value, example, index)
                    batch[name][row] = value
                batch[MASK][row] = True
        return batch

    def _check(self, name: str, spec: ArraySpec, value: Any, example: Example, index: int) -> None:
        # Scalars take the short way: this is done for every example, some of which take 0.1 ms.
        shape = getattr(value, "shape", ())
        if shape != spec.shape:
            raise ValueError(
                f"the preprocess made {name!r} of shape {shape}, its spec says {spec.shape}"
            )
        if spec.values is None:
            return
        values = range(self.num_classes) if spec.values == CLASSES else spec.values
        assert isinstance(values, range)
        allowed = (value >= values.start) & (value < values.stop)
        if spec.ignored is not None:
            allowed = allowed | (value == spec.ignored)
        if allowed.all() if shape else allowed:
            return
        wrong = int(np.asarray(value)[~np.asarray(allowed, bool)].flat[0])
        what = f"the {len(values)} classes " if spec.values == CLASSES else ""
        also = "" if spec.ignored is None else f" or {spec.ignored}"
        raise DataError(
            f"{self.source.name} {self.source.split}: {self.source.name_of(example, index)} "
            f"has {name} {wrong}, which is not one of {what}{values[0]} to {values[-1]}{also}"
            f"{' (unlabelled?)' if wrong == -1 else ''}."
        )
