"""The claim on a workdir: one run at a time, and one folder for all of its processes."""

import time
from pathlib import Path
from typing import IO

from runfiles import LOCK, take_lock
from training.devices import processes
from training.errors import Refused

# A network file system may show a new file to other hosts a little late.
PATIENCE = 10.0


class WorkdirLock:
    """The lock on a workdir, held by process 0 until it ends.

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
        self._file = take_lock(workdir)
        self._file.seek(0)
        return self._file.read().strip()


def _sees(workdir: Path, token: str) -> bool:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if (workdir / LOCK).read_text().strip() == token:
                return True
        except OSError:
            pass
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
