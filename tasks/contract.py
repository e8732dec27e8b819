"""The contract between a task and the trainer."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import jax
import numpy as np
from flax import nnx

from models.drop_sites import Drop

Batch = Mapping[str, Any]


class Batches(Protocol):
    """One process's rows of each batch: dicts of numpy arrays, rows first.

    Attributes:
      bad_images: its ``count`` is the number of images that did not decode so far.
    """

    bad_images: Any

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]: ...

    def __next__(self) -> dict[str, np.ndarray]: ...

    def close(self) -> None: ...


class Task(Protocol):
    """Model, loss, metrics and data of a job. Built from a config; holds no arrays.

    Its class is called as ``task(config, without_data=False)``; with True the batches are never
    asked for, and the data set may be missing.

    Attributes:
      train_examples: number of examples in one epoch.
      best_metric: the name in :meth:`metrics` that the best checkpoint is chosen by (largest).
    """

    train_examples: int
    best_metric: str

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """The network, with fresh parameters."""

    def loss(
        self, model: nnx.Module, batch: Batch, drop: Drop | None
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Mean training loss over the batch's rows and scalars to log; updates statistics."""

    def metrics(
        self, model: nnx.Module, batch: Batch, drop: Drop | None = None
    ) -> dict[str, tuple[jax.Array, jax.Array]]:
        """(sum, count) of every evaluation metric over the rows whose ``mask`` is True.

        ``drop``: to drop units at inference too.
        """

    def normalise(self, images: jax.Array) -> jax.Array:
        """A batch's images as the network takes them."""

    def batch_shapes(self) -> dict[str, jax.ShapeDtypeStruct]:
        """Shapes and dtypes of a batch over all processes, of training or evaluation."""

    def train_batches(self, start_step: int, process: int, processes: int) -> Batches:
        """Endless batches from ``start_step`` on; row order does not depend on ``processes``."""

    def eval_batches(self, process: int, processes: int) -> Batches:
        """The evaluation split once, padded with rows whose ``mask`` is False."""
