"""Whether a run is done, and if not why not, as its folder says: anybody may have run it."""

import enum
from pathlib import Path

from runfiles.lock import is_locked
from runfiles.names import FAILED


class State(enum.StrEnum):
    """The state of a run. One that was stopped or killed is waiting."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    WAITING = "waiting"


def read_state(workdir: Path, *, done: bool) -> State:
    """Reads a run's state from its folder.

    Args:
      workdir: of the run.
      done: whether it has all that it should have: to be trained no further that is its last
        checkpoint too, to be read its last evaluation.
    """
    if is_locked(workdir):
        return State.RUNNING
    if done:
        return State.DONE
    return State.FAILED if (workdir / FAILED).exists() else State.WAITING
