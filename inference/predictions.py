"""Image files to what a network says of them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jax

from data import image_batches
from inference.trained import Trained
from tasks import Row
from training.devices import rows
from training.step import make_predict_step


class Prediction(NamedTuple):
    """What a network says of one image.

    Attributes:
      example: the image, as it was prepared for the network.
      results: what the network gave.
    """

    example: Row
    results: Row


def predictions(trained: Trained, files: Sequence[str]) -> Iterator[tuple[str, Prediction | str]]:
    """Yields every file in its order, and what the network says of it or why it is no image.

    The next batch is read and decoded while the network has one.
    """
    run, task, state = trained
    predict = jax.jit(make_predict_step(task, run.graphdef))
    for batch in image_batches(run.config.data, files, run.config.batch_size):
        results: Row = {}
        if batch.arrays["mask"].any():
            arrays = jax.device_put(batch.arrays, rows(run.mesh))
            results = jax.device_get(predict(state, arrays))
        for row, file in enumerate(batch.files):
            if row in batch.faults:
                yield file, batch.faults[row]
            else:
                yield file, Prediction(_row(batch.arrays, row), _row(results, row))


def _row(arrays: Row, row: int) -> Row:
    return {name: array[row] for name, array in arrays.items()}
