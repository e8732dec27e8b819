"""What the loop logs: means of the steps' scalars, the schedules, and images over wall time."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from training.device_batches import DeviceBatches
from training.progress import Progress
from training.run_files import MetricsFile

SCHEDULES = ("learning_rate", "keep_prob")
STEPS_IN_FLIGHT = 2


class TrainLog:
    """Collects the scalars of training steps and writes one line per logging interval."""

    def __init__(
        self,
        batch_size: int,
        batches: DeviceBatches,
        progress: Progress,
        metrics: MetricsFile | None,
    ):
        """``metrics`` is None on the processes that do not write."""
        self._batch_size, self._batches = batch_size, batches
        self._progress, self._metrics = progress, metrics
        self._pending: list[dict] = []
        self._timed_steps = -1  # the first step compiles: it is shown, and not timed
        self._since = time.perf_counter()
        progress.say("compiling the training step ...")

    def add(self, scalars: dict) -> None:
        """Takes one step's scalars, still on the device."""
        self._pending.append(scalars)
        self._progress.advance()
        self._timed_steps += 1
        if self._timed_steps == 0:
            jax.block_until_ready(scalars)
            now = time.perf_counter()
            self._progress.say(f"first step after {now - self._since:.1f} s")
            self._start_clock(now)
        elif len(self._pending) > STEPS_IN_FLIGHT:
            # Batches of steps that have not run yet take memory: do not run far ahead.
            jax.block_until_ready(self._pending[-1 - STEPS_IN_FLIGHT])

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Time in here is not training time."""
        jax.block_until_ready(self._pending)
        start = time.perf_counter()
        yield
        self._since += time.perf_counter() - start

    def write(self, step: int, bad_images: int) -> None:
        """Writes the line of the steps since the last one, and shows it."""
        steps = jax.device_get(self._pending)
        now = time.perf_counter()
        scalars = jax.tree.map(lambda *parts: float(np.mean(parts)), *steps)
        scalars |= {name: float(steps[-1][name]) for name in SCHEDULES if name in scalars}
        line: dict[str, Any] = {f"train/{name}": value for name, value in scalars.items()}
        if self._timed_steps > 0:
            images = self._timed_steps * self._batch_size
            line["train/images_per_second"] = images / (now - self._since)
            line["train/data_wait"] = self._batches.waited / (now - self._since)
        if bad_images:
            line["train/bad_images"] = bad_images
        self._progress.show(line)
        if self._metrics is not None:
            self._metrics.write(step, line)
        self._pending, self._timed_steps = [], 0
        self._start_clock(now)

    def _start_clock(self, now: float) -> None:
        self._since, self._batches.waited = now, 0.0
