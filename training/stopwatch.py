"""Training time, without evaluations and saves."""

import contextlib
import time
from collections.abc import Iterator
from typing import NamedTuple


class Lap(NamedTuple):
    """Seconds since the last lap: those spent training, and those spent saving."""

    training: float
    saving: float


class Stopwatch:
    """Measures training time in laps."""

    def __init__(self) -> None:
        self._since, self._saving = time.perf_counter(), 0.0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the time spent inside out of the lap."""
        start = time.perf_counter()
        yield
        self._since += time.perf_counter() - start

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """Leaves the time spent inside out of the training time, and counts it as saving."""
        start = time.perf_counter()
        with self.paused():
            yield
        self._saving += time.perf_counter() - start

    def lap(self) -> Lap:
        """Ends a lap and begins the next one."""
        now = time.perf_counter()
        lap = Lap(now - self._since, self._saving)
        self._since, self._saving = now, 0.0
        return lap
