"""Slurm's programs, run on the tests' cluster."""

import os
import subprocess
import sys
from pathlib import Path

from tests.tiny import PATIENCE, wait_until


class Slurm:
    def __init__(self, conf: str) -> None:
        # As in an activated environment, and as if the tests were not a Slurm job themselves.
        self.env = outside_slurm() | {
            "SLURM_CONF": conf,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, *command: object, code: int = 0) -> str:
        """Runs a program to its end; returns its stdout."""
        result = subprocess.run(
            list(map(str, command)), env=self.env, timeout=PATIENCE,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert result.returncode == code, result.stdout + result.stderr
        return result.stdout

    def srun(self, *args: object, code: int = 0) -> str:
        return self.run("srun", *args, code=code)

    def sbatch(self, script: object, *args: object, options: tuple[object, ...] = ()) -> int:
        """Submits a script; its options go before it, its arguments after it."""
        return int(self.run("sbatch", "--parsable", *options, script, *args))

    def cancel(self, job: int) -> None:
        self.run("scancel", job)

    def requeue(self, job: int) -> None:
        self.run("scontrol", "requeue", job)
        self.start_again(job)

    def start_again(self, job: int) -> None:
        """Starts a requeued job, which Slurm by itself keeps back for two minutes."""
        self.wait(job, "PENDING")
        # The node refuses a job in the second in which it has ended it.
        self.run("scontrol", "update", f"JobId={job}", "StartTime=now+1")

    def show(self, job: int, field: str) -> str:
        """One field as ``scontrol show job`` prints it: JobState, ExitCode, Restarts, ..."""
        words = self.run("scontrol", "show", "job", job).split()
        return dict(word.split("=", 1) for word in words if "=" in word)[field]

    def state(self, job: int) -> str:
        return self.show(job, "JobState")

    def wait(self, job: int, state: str) -> None:
        """Waits until a job is in a state."""
        wait_until(
            lambda: self.state(job) == state,
            seen=lambda: f"{self.state(job)}, not {state}",
            pause=0.1,  # every question starts scontrol
        )


def outside_slurm() -> dict[str, str]:
    """This environment without what a Slurm job around it has put there."""
    prefixes = ("SLURM", "SBATCH_", "SRUN_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
