"""The lock of a folder. The kernel releases it when the process ends, however it ends."""

import errno
import fcntl
import os
import socket
import sys
import time
from pathlib import Path
from typing import IO

from runfiles.names import LOCK

TAKEN = (errno.EWOULDBLOCK, errno.EACCES)


def take_lock(folder: Path) -> IO[str]:
    """Takes the lock of a folder, which is made where there is none.

    Returns:
      The open file, which holds the lock, and one line: who took it.

    Raises:
      BlockingIOError: another process has it; one line that says who.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / LOCK).open("a+")
    try:
        _lock(file)
    except OSError as error:
        if error.errno in TAKEN:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise BlockingIOError(
                f"--workdir={folder} is in use by another run ({holder}): "
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
    """Tells whether somebody has the lock. Asking takes it for a moment."""
    try:
        with (folder / LOCK).open() as file:
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
