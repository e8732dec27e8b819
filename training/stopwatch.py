"""The time that training takes, without what it waits for."""

import contextlib
import time
from collections.abc import Iterator
from typing import NamedTuple


class Lap(NamedTuple):
    """Seconds since the lap before: of training, and of saving, which is no training."""

    training: float
    saving: float


class Stopwatch:
    """Measures laps of training time; evaluations and saves are left out of it."""

    def __init__(self) -> None:
        self._since, self._saving = time.perf_counter(), 0.0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Time within it is no training time."""
        start = time.perf_counter()
        yield
        self._since += time.perf_counter() - start

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """Time within it is no training time, and is counted by itself."""
        start = time.perf_counter()
        with self.paused():
            yield
        self._saving += time.perf_counter() - start

    def lap(self) -> Lap:
        """Ends a lap, and begins the next."""
        now = time.perf_counter()
        lap = Lap(now - self._since, self._saving)
        self._since, self._saving = now, 0.0
        return lap
