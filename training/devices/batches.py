"""Sends a task's batches to the devices, each with the mark that asks to stop."""

import time
from collections.abc import Iterator, Mapping

import jax
import numpy as np
from jax.sharding import Mesh

from tasks import Batches
from training.devices.mesh import rows
from training.stop import StopRequest

#: A batch's field, bool (rows,): True in the rows of a process that was asked to stop. So one
#: step tells all processes whether any of them was, and all stop after the same one.
STOP = "stop"


def send(mesh: Mesh, batch: Mapping[str, np.ndarray], stop: StopRequest) -> dict[str, jax.Array]:
    """Sends a batch, marked with :data:`STOP`, to the devices.

    Args:
      mesh: the batch's first axis is spread over it.
      batch: this process's rows.
      stop: whether this process was asked to stop.
    """
    count = len(next(iter(batch.values())))
    where = rows(mesh)
    return {
        name: jax.make_array_from_process_local_data(where, value)
        for name, value in {**batch, STOP: np.full(count, stop.asked)}.items()
    }


def batch_spec(
    mesh: Mesh, shapes: Mapping[str, jax.ShapeDtypeStruct]
) -> dict[str, jax.ShapeDtypeStruct]:
    """Returns shapes, dtypes and shardings of the batches that :func:`send` gives.

    Args:
      mesh: the batch's first axis is spread over it.
      shapes: of the batch over all processes.
    """
    count = next(iter(shapes.values())).shape[:1]
    where = rows(mesh)
    return {
        name: jax.ShapeDtypeStruct(one.shape, one.dtype, sharding=where)
        for name, one in {**shapes, STOP: jax.ShapeDtypeStruct(count, np.bool_)}.items()
    }


class DeviceBatches:
    """Iterates over batches on the devices, one ahead: its transfer runs beside the step before it.

    Attributes:
      waited: seconds spent waiting for the loader since the attribute was last set to 0.
    """

    def __init__(self, batches: Batches, mesh: Mesh, stop: StopRequest):
        self._batches, self._mesh, self._stop = batches, mesh, stop
        self.waited = 0.0
        self._ready = self._fetch()

    @property
    def bad_images(self) -> int:
        """The number of images that did not decode so far."""
        return self._batches.bad_images.count

    def __iter__(self) -> Iterator[dict[str, jax.Array]]:
        return self

    def __next__(self) -> dict[str, jax.Array]:
        batch, self._ready = self._ready, self._fetch()
        return batch

    def _fetch(self) -> dict[str, jax.Array]:
        start = time.perf_counter()
        batch = next(self._batches)
        self.waited += time.perf_counter() - start
        return send(self._mesh, batch, self._stop)
