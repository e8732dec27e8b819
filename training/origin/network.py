"""What can be started from: a network on disk, whose arrays have this project's names."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import jax

#: "params" or "batch_stats" -> dotted name -> array, or what has an array's shape.
Arrays = Mapping[str, Mapping[str, Any]]


class Network(Protocol):
    """A network on disk.

    Attributes:
      title: what it is, in words.
      epsilon: of its batch norms; None if that is not known.
      new_parts: names of its parts that another network may do without, such as the last layer.
      arrays: its arrays' shapes.
    """

    @property
    def title(self) -> str: ...

    @property
    def epsilon(self) -> float | None: ...

    @property
    def new_parts(self) -> Sequence[str]: ...

    @property
    def arrays(self) -> Arrays: ...

    def read(self, like: Mapping[str, Mapping[str, jax.Array]]) -> Arrays:
        """Reads the arrays of the names in ``like``, to the devices that those are on."""
