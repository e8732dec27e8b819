"""The lines that training logs: means of its steps' scalars, schedules, images a second."""

from typing import Any

import jax
import numpy as np

from training.devices import STOP, processes
from training.stopwatch import Lap

# Logged as they are at the last step, not as means.
SCHEDULES = ("learning_rate", "keep_prob")


class TrainLog:
    """Collects the scalars of training steps and makes one line of each interval."""

    def __init__(self, batch_size: int):
        self._batch_size = batch_size
        self._pending: list[dict] = []

    def add(self, scalars: dict) -> None:
        """Takes one step's scalars, still on the device."""
        self._pending.append({name: value for name, value in scalars.items() if name != STOP})

    def line(self, lap: Lap, waited: float, bad_images: int) -> dict[str, Any]:
        """Makes the line of the steps since the last one.

        Args:
          lap: the time since then.
          waited: seconds of it that went into waiting for the loader.
          bad_images: this process's, of all steps; the line has the sum over the processes.

        Returns:
          ``train/...`` -> a number, or a dict of numbers.
        """
        steps = jax.device_get(self._pending)
        scalars = jax.tree.map(lambda *parts: np.mean(parts, axis=0, dtype=float).tolist(), *steps)
        scalars |= {name: steps[-1][name].tolist() for name in SCHEDULES if name in scalars}
        line: dict[str, Any] = {f"train/{name}": value for name, value in scalars.items()}
        line["train/images_per_second"] = len(steps) * self._batch_size / lap.training
        line["train/data_wait"] = waited / lap.training
        if lap.saving:
            line["train/checkpoint_seconds"] = lap.saving
        if total := sum(processes.gather(bad_images)):
            line["train/bad_images"] = total
        self._pending = []
        return line
