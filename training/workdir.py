"""The workdir belongs to one run at a time, and is one folder for all of its processes."""

import errno
import fcntl
import os
import socket
import sys
import time
from pathlib import Path
from typing import IO

from training import processes
from training.errors import Refused

FILE = "lock"
TAKEN = (errno.EWOULDBLOCK, errno.EACCES)
# A network file system may show a new file to other hosts a little late.
PATIENCE = 10.0


class WorkdirLock:
    """Held by process 0 until it ends, however it ends: the kernel lets go of it.

    Raises:
      Refused: another run holds it, or not all processes see the same folder.
    """

    def __init__(self, workdir: Path):
        self._file: IO[str] | None = None
        token = processes.on_first(lambda: self._take(workdir))
        sees = _sees(workdir, token)
        blind = [index for index, seen in enumerate(processes.gather(sees)) if not seen]
        if blind:
            raise Refused(
                f"--workdir={workdir} must be one folder that all processes share: processes "
                f"{blind} do not see what process 0 wrote there."
            )

    def __enter__(self) -> "WorkdirLock":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def _take(self, workdir: Path) -> str:
        workdir.mkdir(parents=True, exist_ok=True)
        self._file = (workdir / FILE).open("a+")
        try:
            _lock(self._file)
        except OSError as error:
            if error.errno in TAKEN:
                self._file.seek(0)
                raise Refused(
                    f"--workdir={workdir} is in use by another run ({self._file.read().strip()}): "
                    "wait for it, stop it, or take another --workdir. Nothing was touched."
                ) from None
            print(
                f"warning: {workdir} cannot be locked ({error.strerror}): start one run there",
                file=sys.stderr,
            )
        token = f"process {os.getpid()} on {socket.gethostname()} since {time.ctime()}"
        self._file.truncate(0)
        self._file.write(token + "\n")
        self._file.flush()
        return token


def is_locked(workdir: Path) -> bool:
    """Whether a run is at work there. Asking takes the lock for a moment."""
    try:
        with (workdir / FILE).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno in TAKEN
    return False


def _lock(file: IO[str]) -> None:
    """Tries for a second: somebody may just be asking :func:`is_locked`."""
    end = time.monotonic() + 1
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in TAKEN or time.monotonic() > end:
                raise
        time.sleep(0.05)


def _sees(workdir: Path, token: str) -> bool:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if (workdir / FILE).read_text().strip() == token:
                return True
        except OSError:
            pass
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
