"""What the loop logs: means of the steps' scalars, the schedules, and images over wall time."""

import collections
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from training import processes
from training.device_batches import DeviceBatches
from training.errors import NotFinite
from training.progress import Progress
from training.record import Record

SCHEDULES = ("learning_rate", "keep_prob")
# Steps that the devices may be behind. Batches of steps that have not run yet take memory.
STEPS_IN_FLIGHT = 2


class TrainLog:
    """Collects the scalars of training steps and writes one line per logging interval.

    Attributes:
      stop_agreed: a step that has been run was told by some process to be one of the last. All
        processes learn it after the same step.
    """

    def __init__(
        self,
        step: int,
        batch_size: int,
        batches: DeviceBatches,
        progress: Progress,
        record: Record,
    ):
        """``step``: of the state that training starts from."""
        self._step, self._batch_size, self._batches = step, batch_size, batches
        self._progress, self._record = progress, record
        self._pending: list[dict] = []
        self._in_flight: collections.deque[tuple[int, jax.Array, jax.Array]] = collections.deque()
        self._saving = 0.0
        self.stop_agreed = False
        self._start_clock(time.perf_counter())

    def add(self, scalars: dict) -> None:
        """Takes one step's scalars, still on the device.

        Raises:
          NotFinite: the loss of this step or an earlier one.
        """
        self._step += 1
        self._in_flight.append((self._step, scalars["loss"], scalars["stop"]))
        self._pending.append({name: value for name, value in scalars.items() if name != "stop"})
        self._progress.advance()
        if len(self._in_flight) > STEPS_IN_FLIGHT:
            self._land()

    def land_all(self) -> None:
        """Waits for the steps that the devices are at; raises as :meth:`add`."""
        while self._in_flight:
            self._land()

    def _land(self) -> None:
        step, loss, stop = self._in_flight.popleft()
        losses = np.asarray(loss)
        bad = ~np.isfinite(losses)
        if bad.any():
            what = f"the loss is {losses[bad][0]} at step {step}"
            raise NotFinite(what, bad, self._record.last_good())
        self.stop_agreed |= bool(np.any(stop))

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Time in here is not training time."""
        self.land_all()
        start = time.perf_counter()
        yield
        self._since += time.perf_counter() - start

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """A pause that the next line tells the length of."""
        with self.pause():
            start = time.perf_counter()
            yield
            self._saving += time.perf_counter() - start

    def write(self, bad_images: int) -> None:
        """Writes the line of the steps since the last one, and shows it.

        ``bad_images``: this process's, of all steps; the line has the sum over the processes.
        """
        self.land_all()
        steps = jax.device_get(self._pending)
        now = time.perf_counter()
        scalars = jax.tree.map(lambda *parts: np.mean(parts, axis=0, dtype=float).tolist(), *steps)
        scalars |= {name: steps[-1][name].tolist() for name in SCHEDULES if name in scalars}
        line: dict[str, Any] = {f"train/{name}": value for name, value in scalars.items()}
        line["train/images_per_second"] = len(steps) * self._batch_size / (now - self._since)
        line["train/data_wait"] = self._batches.waited / (now - self._since)
        if self._saving:
            line["train/checkpoint_seconds"] = self._saving
        if total := sum(processes.gather(bad_images)):
            line["train/bad_images"] = total
        self._progress.show(line)
        self._record.log(self._step, line)
        self._pending, self._saving = [], 0.0
        self._start_clock(now)

    def _start_clock(self, now: float) -> None:
        self._since, self._batches.waited = now, 0.0
