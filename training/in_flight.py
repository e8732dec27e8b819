"""Steps that the devices have not finished yet: how many there may be, and what they report."""

import collections
from collections.abc import Callable

import jax
import numpy as np

from training.devices import STOP
from training.errors import NotFinite

# How many steps the devices may be behind. The batches of steps that have not run take memory.
STEPS_IN_FLIGHT = 2


class StepsInFlight:
    """Waits for steps a few behind the newest one, and checks their losses and stop marks.

    Attributes:
      stop_agreed: true once a finished step carried any process's stop request. All processes
        learn it after the same step.
    """

    def __init__(self, last_good: Callable[[], str]):
        """``last_good`` describes the newest checkpoint, for the message of an error."""
        self._steps: collections.deque[tuple[int, jax.Array, jax.Array]] = collections.deque()
        self._last_good = last_good
        self.stop_agreed = False

    def add(self, step: int, scalars: dict) -> None:
        """Takes the newest step's scalars, still on the device, and waits for an older step.

        Raises:
          NotFinite: the loss of an older step.
        """
        self._steps.append((step, scalars["loss"], scalars[STOP]))
        if len(self._steps) > STEPS_IN_FLIGHT:
            self._land()

    def land_all(self) -> None:
        """Waits for all steps; raises as :meth:`add`."""
        while self._steps:
            self._land()

    def _land(self) -> None:
        step, loss, stop = self._steps.popleft()
        losses = np.asarray(loss)
        bad = ~np.isfinite(losses)
        if bad.any():
            raise NotFinite(f"the loss is {losses[bad][0]} at step {step}", bad, self._last_good())
        self.stop_agreed |= bool(np.any(stop))
