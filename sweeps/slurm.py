"""``--launcher=slurm``: a Slurm job array with a train.py for each run.

A job that Slurm preempts, or whose time runs out, saves, is queued again and resumes.
"""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import submitit

from registry import one_of
from runfiles import TRAIN_LOG, is_complete
from sweeps.plan import Trial
from sweeps.processes import ROOT, why_it_ended

#: Minutes of a job, where the user says nothing.
TIME = 24 * 60
# Seconds between two questions to Slurm.
INTERVAL = 2.0


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

    workers = math.inf

    def __init__(self, parameters: str, folder: Path):
        self._folder, self._alive, self._asked = folder, set[str](), -math.inf
        values = _parse(parameters)
        try:
            self._executor = submitit.SlurmExecutor(folder / "slurm")
        except RuntimeError:
            raise FileNotFoundError("--launcher=slurm: there is no srun on this machine.") from None
        self._executor.update_parameters(**{"job_name": "sweep", "time": TIME} | values)

    def adopt(self, trials: Sequence[Trial]) -> list["SlurmJob"]:
        """Jobs of an earlier sweep.py that Slurm still has."""
        submitted = [trial for trial in trials if self._id_file(trial).exists()]
        jobs = [SlurmJob(trial, self._id_file(trial).read_text(), self) for trial in submitted]
        return [job for job in jobs if self.has(job.id)]

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        return list(waiting)

    def start(self, trials: Sequence[Trial]) -> list["SlurmJob"]:
        path = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        with self._executor.batch():
            submitted = [self._executor.submit(Train(trial.workdir)) for trial in trials]
        self._asked = -math.inf
        jobs = []
        for trial, job in zip(trials, submitted, strict=True):
            self._id_file(trial).write_text(job.job_id)
            jobs.append(SlurmJob(trial, job.job_id, self))
        return jobs

    def has(self, job: str) -> bool:
        """Whether Slurm has the job, waiting or running."""
        if time.monotonic() - self._asked > INTERVAL:
            asked = subprocess.run(
                ["squeue", "--me", "--array", "--noheader", "--format=%i"],
                capture_output=True,
                text=True,
            )
            if asked.returncode == 0:  # else Slurm does not answer: nothing is known to be over
                self._alive = set(asked.stdout.split())
            else:
                self._alive |= {job}
            self._asked = time.monotonic()
        return job in self._alive

    def _id_file(self, trial: Trial) -> Path:
        return trial.workdir / "slurm_job"


class SlurmJob:
    """An element of the array."""

    def __init__(self, trial: Trial, job: str, launcher: SlurmLauncher):
        self.trials, self.id, self._launcher = [trial], job, launcher

    def poll(self) -> str | None:
        if self._launcher.has(self.id):
            return None
        (trial,) = self.trials
        if is_complete(trial.workdir):
            return ""
        log = trial.workdir / TRAIN_LOG
        reason = why_it_ended(log, 1) if log.exists() else "no output"
        return f"its Slurm job {self.id} has ended: {reason}"

    def stop(self) -> bool:
        return False  # it is Slurm's now


class Train:
    """A job's work: train.py as a process of its own."""

    def __init__(self, workdir: Path):
        self._workdir = workdir
        self._process: subprocess.Popen | None = None

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
        """Stops the run, for submitit, which then queues the job again."""
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
