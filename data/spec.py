"""The contract of a preprocess: which arrays it makes of an example, and how."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

#: For :attr:`ArraySpec.values`: 0 to the data set's number of classes, less one.
CLASSES = "classes"
#: In an example that is evaluated: its number in the split, from 0.
ROW = "(row)"

Example = dict[str, Any]


@dataclass(frozen=True)
class ArraySpec:
    """One array of an example, without the batch axis.

    Attributes:
      shape: of the array; the same for every example.
      dtype: of the array, a NumPy dtype.
      values: allowed integers, a range or :data:`CLASSES`; None for any. Values are checked for
        every example; the error for one outside names the example.
      ignored: one more allowed integer, such as the label of unlabelled pixels.
    """

    shape: tuple[int, ...]
    dtype: npt.DTypeLike
    values: range | str | None = None
    ignored: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", np.dtype(self.dtype))


class Preprocess(Protocol):
    """Turns the examples of one kind of data set into arrays; `data/preprocess/NAME.py` holds one.

    The constructor's parameters are fields of `config.data`; it raises ValueError for a value that
    is not allowed. Many threads call the methods at once, so they must not change the object.

    Attributes:
      reads: features that an example must have -> the TFDS feature class that each must be.
      train_spec: array name -> spec of what `train` returns. The name `mask` is taken.
      eval_spec: the same for `evaluate`.
      predict_spec: the same for `predict`, a part of `eval_spec`.
    """

    reads: dict[str, type]
    train_spec: dict[str, ArraySpec]
    eval_spec: dict[str, ArraySpec]
    predict_spec: dict[str, ArraySpec]

    def train(self, example: Example, rng: np.random.Generator) -> dict[str, Any]:
        """Makes the arrays of a training example, augmented.

        Args:
          example: as TFDS gives it, except that an image is its encoded bytes.
          rng: seeded by the run's seed and the example's position in the stream, so that a resumed
            run augments alike.

        Raises:
          DecodeError: the example is broken; it is counted and left out.
        """

    def evaluate(self, example: Example) -> dict[str, Any]:
        """Makes the arrays of an evaluation example.

        Args:
          example: as for :meth:`train`, with its number in the split by the name of :data:`ROW`.

        Raises:
          DecodeError: as :meth:`train` does.
        """

    def predict(self, example: Example) -> dict[str, Any]:
        """Makes, of an image alone, those arrays of an evaluation example that are not its truth.

        Args:
          example: has the features of images, as for :meth:`train`.

        Raises:
          DecodeError: as :meth:`train` does.
        """
