"""A mean over examples, kept as a sum and a count."""

import dataclasses

import jax
import numpy as np
from jax.typing import ArrayLike


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Mean:
    """The mean of values over the examples that count.

    Attributes:
      total: the sum of their values, a scalar.
      count: how many they are, a scalar.
    """

    total: ArrayLike = 0
    count: ArrayLike = 0

    def update(self, total: ArrayLike, count: ArrayLike) -> "Mean":
        """Counts ``count`` more examples whose values sum to ``total``."""
        return self.merge(Mean(total, count))

    def merge(self, other: "Mean") -> "Mean":
        """Counts the examples of ``other`` too; on the host, in 64 bits."""
        total = np.asarray(self.total, np.float64) + np.asarray(other.total, np.float64)
        return Mean(total, np.asarray(self.count, np.int64) + np.asarray(other.count, np.int64))

    def values(self) -> dict[str, float]:
        """Returns the mean by the name "mean"; nan where nothing was counted."""
        total, count = np.float64(np.asarray(self.total)), int(np.asarray(self.count))
        return {"mean": float(total / count) if count else float("nan")}
