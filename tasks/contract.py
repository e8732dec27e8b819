"""The contract between a task and the trainer.

A task is a file here with a class of the same name. It is called as
``Task(config, without_data=False, **fields)``: the fields of ``config.task`` are the other keyword
arguments of its constructor. With ``without_data`` its batches are never asked for, and the data
set may be missing.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np
from flax import nnx
from PIL import Image

from data import Description
from regularizers import NO_DROP, Drop

Batch = Mapping[str, Any]
Row = Mapping[str, np.ndarray]


class Curve(NamedTuple):
    """A picture's panel: ``train/<metric>`` and ``eval/<metric>`` over the steps.

    Attributes:
      title: of the panel.
      metric: the name.
      scale: of the vertical axis; "percent" draws a share in 0 to 1 as 0 to 100.
    """

    title: str
    metric: str
    scale: Literal["linear", "log", "percent"]


class Batches(Protocol):
    """One process's rows of each batch: dicts of NumPy arrays, rows first.

    Attributes:
      bad_images: its ``count`` is the number of images that did not decode so far.
    """

    bad_images: Any

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]: ...

    def __next__(self) -> dict[str, np.ndarray]: ...

    def close(self) -> None: ...


class Metrics(Protocol):
    """What an evaluation has counted: a tree of arrays.

    What is a sum is summed on the device over the whole global batch. What is not one holds a row
    for each example, which :meth:`merge` concatenates on the host.
    """

    def merge(self, other: Any) -> Any:
        """Counts what ``other``, of other examples, has counted too."""

    def values(self) -> dict[str, float]:
        """Computes the metrics by name; nan where nothing was counted."""


class Task(Protocol):
    """Network, loss, metrics and data of a job. It holds no arrays.

    Attributes:
      info: what its data set holds.
      train_examples: number of examples in one epoch.
      best_metric: the evaluation metric whose largest value marks the best checkpoint.
      curves: what the picture of a run shows.
    """

    info: Description
    train_examples: int
    best_metric: str
    curves: Sequence[Curve]

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """Builds the network, with fresh parameters."""

    def loss(
        self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Computes the mean training loss of a batch, and scalars to log; updates statistics."""

    def measure(self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP) -> Metrics:
        """Evaluates the rows of a batch whose ``mask`` is True; ``drop``: at inference too."""

    def batch_shapes(self, *, train: bool) -> dict[str, jax.ShapeDtypeStruct]:
        """Returns shapes and dtypes of a batch over all processes."""

    def train_batches(self, start_step: int, process: int, processes: int) -> Batches:
        """Opens endless batches from ``start_step`` on, whose rows no ``processes`` changes."""

    def eval_batches(self, process: int, processes: int) -> Batches:
        """Opens the evaluation split once, padded with rows whose ``mask`` is False."""


@runtime_checkable
class WritesResults(Protocol):
    """What a task has beside these if ``eval.py --detections`` can write what was found."""

    def write_results(self, metrics: Any, path: str | os.PathLike) -> None:
        """Writes what the metrics of a whole split hold of each example."""


@runtime_checkable
class Predicts(Protocol):
    """What a task has beside these if its network can be asked about images: ``predict.py``.

    An ``example`` is a row of a batch that was predicted, a ``prediction`` that of the results.

    Attributes:
      found: what the things are that :meth:`describe` lists, such as "boxes".
      columns: their values by name, in a table. A list among them takes several columns.
    """

    found: str
    columns: Sequence[str]

    def predict(self, model: nnx.Module, batch: Batch) -> dict[str, jax.Array]:
        """Computes what the network says of each row.

        Args:
          model: the network.
          batch: the arrays of the preprocess's ``predict``, and of an evaluation its truth too.
            Of ``image`` alone, as an exported network has it, each fills the network's input, and
            places are in its pixels.
        """

    def describe(self, example: Row, prediction: Row) -> list[dict[str, Any]]:
        """Lists what is found, best first, in values that JSON knows."""

    def draw(self, example: Row, prediction: Row) -> Image.Image:
        """Draws the image and what the network says of it, beside the truth if it is there."""


@runtime_checkable
class PaintsMasks(Protocol):
    """What a task that predicts has beside that if it finds a class for every pixel."""

    def mask(self, example: Row, prediction: Row) -> Image.Image:
        """Paints the classes' indices, 8 bits each, in the size of the image's file."""
