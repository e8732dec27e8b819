"""A folder's lock: held until the process ends, however it ends, for the kernel lets go of it."""

import errno
import fcntl
import os
import socket
import sys
import time
from pathlib import Path
from typing import IO

from training.errors import Refused

FILE = "lock"
TAKEN = (errno.EWOULDBLOCK, errno.EACCES)


def take_lock(folder: Path) -> IO[str]:
    """Takes it, and makes the folder where there is none.

    Returns:
      The open file, which holds the lock, and one line: who took it.

    Raises:
      Refused: another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / FILE).open("a+")
    try:
        _lock(file)
    except OSError as error:
        if error.errno in TAKEN:
            file.seek(0)
            raise Refused(
                f"--workdir={folder} is in use by another run ({file.read().strip()}): "
                "wait for it, stop it, or take another --workdir. Nothing was touched."
            ) from None
        print(
            f"warning: {folder} cannot be locked ({error.strerror}): start one run there",
            file=sys.stderr,
        )
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()} since {time.ctime()}\n")
    file.flush()
    return file


def is_locked(folder: Path) -> bool:
    """Whether somebody has the lock. Asking takes it for a moment."""
    try:
        with (folder / FILE).open() as file:
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
