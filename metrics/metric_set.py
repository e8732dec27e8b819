"""Several metrics as one."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class MetricSet:
    """Metrics by name.

    Attributes:
      metrics: name -> metric.
    """

    metrics: Mapping[str, Any]

    def merge(self, other: "MetricSet") -> "MetricSet":
        """Merges each metric with the one of its name."""
        return MetricSet(
            {name: metric.merge(other.metrics[name]) for name, metric in self.metrics.items()}
        )

    def values(self) -> dict[str, float]:
        """Returns the values of all: a single value by the metric's name, others by their own."""
        found: dict[str, float] = {}
        for name, metric in self.metrics.items():
            values = metric.values()
            found |= {name: values["mean"]} if values.keys() == {"mean"} else values
        return found
