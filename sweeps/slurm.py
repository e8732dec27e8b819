"""``--launcher=slurm``: a Slurm job array with a train.py for each run.

A job that Slurm preempts, or whose time runs out, saves, is queued again and resumes.
"""

import contextlib
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError

from registry import one_of
from runfiles import TRAIN_LOG, is_complete, replace
from sweeps.plan import Trial
from sweeps.processes import ROOT, python_path, read_from, why_it_ended

#: Minutes of a job, where the user says nothing.
TIME = 24 * 60
# Seconds between two questions to Slurm.
INTERVAL = 2.0
# Seconds for which no answer may have a job that has ended.
GRACE = 15.0
# Seconds that Slurm may take for an answer.
TIMEOUT = 60.0
#: A job's number as squeue prints it, with its place in an array; many places of one that waits.
JOB = re.compile(r"\d+([_+][\d\[\],%-]+)*")
FailedSubmission = (FailedJobError, FailedSubmissionError)


def _id_file(trial: Trial) -> Path:
    return trial.workdir / "slurm_job"


class SlurmLauncher:
    """Submits all waiting runs at once.

    Args:
      parameters: NAME=VALUE,... of the jobs, as ``submitit.SlurmExecutor`` names them:
        ``partition=gpu,gpus_per_node=1,time=240,array_parallelism=16``.
      folder: for the jobs' own files.

    Raises:
      ValueError: there is no such parameter.
      FileNotFoundError: Slurm is not here.
    """

    def __init__(self, parameters: str, folder: Path):
        self.workers: float = math.inf
        self._queue = Queue()
        values = _parse(parameters)
        try:
            self._executor = submitit.SlurmExecutor(folder / "slurm")
        except RuntimeError:
            raise FileNotFoundError("--launcher=slurm: there is no srun on this machine.") from None
        self._executor.update_parameters(**{"job_name": "sweep", "time": TIME} | values)

    def adopt(self, trials: Sequence[Trial]) -> Sequence["SlurmJob"]:
        """Finds the jobs that an earlier sweep.py submitted; Slurm may have forgotten them."""
        jobs = []
        for trial in trials:
            with contextlib.suppress(FileNotFoundError):
                job = _id_file(trial).read_text().strip()
                if JOB.fullmatch(job):
                    jobs.append(SlurmJob(trial, job, self._queue, adopted=True))
        return jobs

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        return list(waiting)

    def start(self, trials: Sequence[Trial]) -> Sequence["SlurmJob"]:
        """Submits them.

        Raises:
          OSError: Slurm does not take them; one line.
        """
        os.environ["PYTHONPATH"] = python_path()
        try:
            with self._executor.batch():
                submitted = [self._executor.submit(Train(trial.workdir)) for trial in trials]
        except FailedSubmission as error:
            raise OSError(f"Slurm did not take the jobs: {error}") from error
        jobs = []
        for trial, job in zip(trials, submitted, strict=True):
            replace(_id_file(trial), job.job_id)
            jobs.append(SlurmJob(trial, job.job_id, self._queue))
        return jobs


class Queue:
    """What Slurm says about jobs. It may answer late, wrongly or not at all: unknown is not ended.

    Right after a submission, or while its controller starts anew, it does not list every job that
    it has. So a job has ended once all answers of some time did not have it.
    """

    def __init__(self) -> None:
        self._asked, self._answered = -math.inf, -math.inf
        self._alive: set[str] = set()
        self._seen: set[str] = set()
        #: Job -> time of the answer from which on none had it.
        self._missed: dict[str, float] = {}

    def has_ended(self, job: str) -> bool:
        """Tells whether Slurm surely does not have the job any more, neither waiting nor running.

        Asks Slurm if the last question is some seconds old.
        """
        if time.monotonic() - self._asked > INTERVAL:
            answer = squeue()
            self._asked = time.monotonic()
            if answer is not None:
                self._alive, self._answered = answer, self._asked
                self._seen |= answer
        if not math.isfinite(self._answered):
            return False
        # Of an array that waits, several places may stand in one: 7_[2-5].
        array, place, _ = job.partition("_")
        if job in self._alive or (place and any(f"{array}_[" in one for one in self._alive)):
            self._missed.pop(job, None)
            return False
        # Measured between answers: while there are none, nothing is known.
        return self._answered - self._missed.setdefault(job, self._answered) >= GRACE

    def has_seen(self, job: str) -> bool:
        """Tells whether any answer had the job."""
        return job in self._seen


def squeue() -> set[str] | None:
    """Asks Slurm for this user's jobs, waiting and running; None where it gives no answer."""
    try:
        asked = subprocess.run(
            ["squeue", "--me", "--array", "--noheader", "--format=%i"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    jobs = set(asked.stdout.split())
    return jobs if asked.returncode == 0 and all(map(JOB.fullmatch, jobs)) else None


class SlurmJob:
    """An element of the array."""

    def __init__(self, trial: Trial, job: str, queue: Queue, *, adopted: bool = False):
        """``adopted``: submitted by an earlier sweep.py, which may have seen its end too."""
        self.trials: Sequence[Trial] = [trial]
        self.id, self._queue, self._adopted = job, queue, adopted
        self._log = trial.workdir / TRAIN_LOG
        self._begin = self._log.stat().st_size if self._log.exists() and not adopted else 0

    def poll(self) -> str | None:
        if not self._queue.has_ended(self.id):
            return None
        (trial,) = self.trials
        if is_complete(trial.workdir) or (self._adopted and not self._queue.has_seen(self.id)):
            return ""
        output = read_from(self._log, self._begin)
        reason = why_it_ended(output, 1) if output.strip() else "no output"
        return f"its Slurm job {self.id} has ended: {reason}"

    def stop(self) -> bool:
        return False  # Slurm continues it


class Train:
    """The work of a job: train.py as a process of its own."""

    def __init__(self, workdir: Path):
        self._workdir = workdir
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        with (self._workdir / TRAIN_LOG).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "train.py"), f"--workdir={self._workdir}"],
                stdout=log,
                stderr=log,
            )
            code = self._process.wait()
        if code != 0:
            sys.exit(code)

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """Stops the run so that it saves; submitit then queues the job again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()
        return submitit.helpers.DelayedSubmission(Train(self._workdir))


def _parse(parameters: str) -> dict[str, str | int]:
    names = submitit.SlurmExecutor._valid_parameters()
    values: dict[str, str | int] = {}
    for part in filter(None, parameters.split(",")):
        name, _, value = part.partition("=")
        one_of("parameter of --slurm", name, sorted(names))
        values[name] = int(value) if value.isdigit() else value
    return values
