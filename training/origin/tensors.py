"""Arrays in a file of PyTorch's world, read when they are asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.errors import Refused


@dataclass(frozen=True)
class Tensor:
    """One array of a file.

    Attributes:
      shape: of the array.
      read: reads it, in the file's own dtype.
    """

    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


#: Name in the file -> tensor.
Tensors = Mapping[str, Tensor]


def damaged(path: Path, reason: str) -> Refused:
    """The refusal of a file that is not what its name says."""
    return Refused(f"config.init_from={str(path)!r} is damaged: {reason}.")
