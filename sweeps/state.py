"""What has become of a run, read from its folder: anyone may start runs, on any machine."""

import fcntl
from pathlib import Path

from training.run_files import is_complete

#: In the order in which a table shows them.
STATES = ("done", "running", "failed", "waiting")
FAILED = "failed"


def state_of(workdir: Path) -> str:
    """One of STATES; a run that was stopped or killed is waiting."""
    if is_complete(workdir):
        return "done"
    if _is_locked(workdir):
        return "running"
    return "failed" if (workdir / FAILED).exists() else "waiting"


def _is_locked(workdir: Path) -> bool:
    try:
        with (workdir / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
