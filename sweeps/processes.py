"""Jobs that are processes of this machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sweeps.plan import Trial

ROOT = Path(__file__).parents[1]
STOPPED = tuple(128 + number for number in (signal.SIGTERM, signal.SIGINT))


class ProcessJob:
    """A Python process for some trials; what it prints is appended to a file.

    Args:
      trials: it carries out.
      arguments: of Python.
      log: the file.
      workers: how many such processes share this machine.
    """

    def __init__(self, trials: Sequence[Trial], arguments: Sequence[str], log: Path, workers: int):
        self.trials, self._log = trials, log
        environment = dict(os.environ)
        # Each would take three quarters of a GPU.
        environment.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", f"{0.9 / workers:.3f}")
        path = [str(ROOT), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                # Ctrl-C is for the sweep, which passes it on.
                start_new_session=True,
            )

    def poll(self) -> str | None:
        code = self._process.poll()
        if code is None:
            return None
        return "" if code == 0 or code in STOPPED else why_it_ended(self._log, code)

    def stop(self) -> bool:
        self._process.send_signal(signal.SIGTERM)
        return True


def why_it_ended(log: Path, code: int) -> str:
    """One line: the last of the log, or the signal that killed the process."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    lines = log.read_text(errors="replace").split("\n")
    words = [line.strip() for line in lines if line.strip()]
    errors = [line for line in words if line.startswith("error: ")] or words
    return errors[-1].removeprefix("error: ") if errors else f"exit code {code}"


class LocalLauncher:
    """``--launcher=local``: a train.py for each run, ``workers`` at a time."""

    def __init__(self, workers: int):
        self.workers = workers

    def adopt(self, trials: Sequence[Trial]) -> list[ProcessJob]:
        return []

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        return [waiting[0]]

    def start(self, trials: Sequence[Trial]) -> list[ProcessJob]:
        (trial,) = trials
        arguments = [str(ROOT / "train.py"), *trial.arguments]
        return [ProcessJob(trials, arguments, trial.workdir / "train.log", self.workers)]
