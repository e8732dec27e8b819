"""Jobs that are processes of this machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from runfiles import TRAIN_LOG
from sweeps.gpus import gpus, share
from sweeps.plan import Trial

ROOT = Path(__file__).parents[1]
STOPPED = tuple(128 + number for number in (signal.SIGTERM, signal.SIGINT))


class ProcessJob:
    """A Python process for some trials; what it prints is appended to a file.

    Args:
      trials: it carries out.
      arguments: of Python.
      log: the file.
      environment: added to this process's own.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        arguments: Sequence[str],
        log: Path,
        environment: dict[str, str],
    ):
        self.trials, self._log = trials, log
        path = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=os.environ | environment | {"PYTHONPATH": os.pathsep.join(filter(None, path))},
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


class Workers:
    """Room for so many processes at a time; each place has its share of the GPUs."""

    def __init__(self, count: int):
        self.count, self._gpus = count, gpus()
        self._jobs: dict[int, ProcessJob] = {}

    def start(self, trials: Sequence[Trial], arguments: Sequence[str], log: Path) -> ProcessJob:
        """Starts a process in a free place."""
        busy = {slot for slot, job in self._jobs.items() if job.poll() is None}
        slot = min(set(range(self.count)) - busy)
        job = ProcessJob(trials, arguments, log, share(self._gpus, slot, self.count))
        self._jobs[slot] = job
        return job


def why_it_ended(log: Path, code: int) -> str:
    """One line: the last error of the log, or the signal that killed the process."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    words = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    words = [line for line in words if line]
    errors = [line for line in words if line.startswith("error: ")] or words
    return errors[-1].removeprefix("error: ") if errors else f"exit code {code}"


class LocalLauncher:
    """``--launcher=local``: a train.py for each run, ``workers`` at a time."""

    def __init__(self, workers: int):
        self.workers, self._places = workers, Workers(workers)

    def adopt(self, trials: Sequence[Trial]) -> list[ProcessJob]:
        return []

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        return [waiting[0]]

    def start(self, trials: Sequence[Trial]) -> list[ProcessJob]:
        (trial,) = trials
        arguments = [str(ROOT / "train.py"), f"--workdir={trial.workdir}"]
        return [self._places.start(trials, arguments, trial.workdir / TRAIN_LOG)]
