"""A task's batches on the devices, each sent there one step before it is used."""

import time
from collections.abc import Iterator

import jax
from jax.sharding import Mesh

from tasks.contract import Batches
from training.mesh import to_devices
from training.stop import StopRequest


class DeviceBatches:
    """Iterates over ``batches``, one ahead: its transfer runs beside the step before it.

    Each is marked with ``stop`` (see :meth:`training.stop.StopRequest.mark`).

    Attributes:
      waited: seconds spent waiting for the loader since the attribute was last set to 0.
    """

    def __init__(self, batches: Batches, mesh: Mesh, stop: StopRequest):
        self._batches, self._mesh, self._stop = batches, mesh, stop
        self.waited = 0.0
        self._ready = self._fetch()

    def __iter__(self) -> Iterator[dict[str, jax.Array]]:
        return self

    def __next__(self) -> dict[str, jax.Array]:
        batch, self._ready = self._ready, self._fetch()
        return batch

    def _fetch(self) -> dict[str, jax.Array]:
        start = time.perf_counter()
        batch = next(self._batches)
        self.waited += time.perf_counter() - start
        return to_devices(self._mesh, self._stop.mark(batch))
