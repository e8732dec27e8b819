"""The errors that end a run, worded for the user."""

import numpy as np


class RunError(RuntimeError):
    """The run cannot continue. The message is one line that says why, and what is safe."""

    code = 1


class NotFinite(RunError):
    """Numbers have become NaN or infinite.

    Attributes:
      what: what happened, in words.
      where: which of the runs that train together are hit, bool; one number if there is one run.
    """

    def __init__(self, what: str, where: np.ndarray, last_good: str):
        super().__init__(f"{what}; {last_good}.")
        self.what, self.where = what, where


class Refused(RunError):
    """The run cannot begin; nothing was touched."""

    code = 2
