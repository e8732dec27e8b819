"""Jobs that are processes of this machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from runfiles import TRAIN_LOG
from sweeps.gpus import gpus, share
from sweeps.plan import Trial

ROOT = Path(__file__).parents[1]
#: Exit code of a job that leaves its trials to other jobs (EX_TEMPFAIL).
AGAIN = 75
#: Exit codes of a process that was told to stop: by its own handler, or before it had one.
STOPPED = (128 + signal.SIGTERM, 128 + signal.SIGINT, -signal.SIGTERM, -signal.SIGINT)


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
        with log.open("ab") as file:
            self._begin = file.tell()
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=os.environ | environment | {"PYTHONPATH": python_path()},
                # Ctrl-C is for the sweep, which passes it on.
                start_new_session=True,
            )

    def poll(self) -> str | None:
        code = self._process.poll()
        if code is None:
            return None
        return "" if code == AGAIN or code in STOPPED else why_it_ended(self.output(), code)

    def stop(self) -> bool:
        self._process.send_signal(signal.SIGTERM)
        return True

    def output(self) -> str:
        """What this process has printed, and not what earlier ones have."""
        return read_from(self._log, self._begin)


Kind = TypeVar("Kind", bound=ProcessJob)


class Workers:
    """Room for so many processes at a time; each place has its share of the GPUs."""

    def __init__(self, count: int):
        self.count, self._gpus = count, gpus()
        self._jobs: dict[int, ProcessJob] = {}

    def start(
        self, kind: type[Kind], trials: Sequence[Trial], arguments: Sequence[str], log: Path
    ) -> Kind:
        """Starts a process in a free place, as a job of class ``kind``."""
        busy = {slot for slot, job in self._jobs.items() if job.poll() is None}
        slot = min(set(range(self.count)) - busy)
        job = kind(trials, arguments, log, share(self._gpus, slot, self.count))
        self._jobs[slot] = job
        return job


def python_path() -> str:
    """PYTHONPATH of a process that imports this code, wherever it is started: it comes first."""
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join([str(ROOT), *(path for path in others if path not in ("", str(ROOT)))])


def read_from(log: Path, begin: int) -> str:
    """Reads a log from a byte on; an absent one is empty."""
    try:
        with log.open("rb") as file:
            file.seek(begin)
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def why_it_ended(output: str, code: int) -> str:
    """Says in one line why a process failed: its last error, or the signal that killed it."""
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    if code == 0:
        return "it ended without an error and before its last step"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")] or lines
    return errors[-1].removeprefix("error: ") if errors else f"exit code {code}"


class LocalLauncher:
    """``--launcher=local``: a train.py for each run, ``workers`` at a time."""

    def __init__(self, workers: int):
        self.workers: float = workers
        self._places = Workers(workers)

    def adopt(self, trials: Sequence[Trial]) -> Sequence[ProcessJob]:
        return []

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        return [waiting[0]]

    def start(self, trials: Sequence[Trial]) -> Sequence[ProcessJob]:
        (trial,) = trials
        arguments = [str(ROOT / "train.py"), f"--workdir={trial.workdir}"]
        return [self._places.start(ProcessJob, trials, arguments, trial.workdir / TRAIN_LOG)]
