"""Runs on this machine: so many at a time, each a train.py of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sweeps.plan import Trial
from sweeps.state import FAILED, state_of

LOG = "train.log"


class Interrupted(Exception):
    """The sweep was told to stop; its runs have saved and stopped."""


def launch(
    trials: Sequence[Trial],
    command: Sequence[str],
    *,
    workers: int,
    show: Callable[[Sequence[Trial]], None],
    stopping: Callable[[], bool],
) -> None:
    """Carries out the trials that wait, ``workers`` at a time.

    A run that fails leaves its last line in its ``failed`` file and the others go on. Runs that
    another sweep is at are left to it.

    Args:
      trials: all of the sweep.
      command: train.py with the sweep's own arguments; a trial's come after it.
      workers: of this machine, at least 1.
      show: called about once a second and at the end.
      stopping: once true, the runs are told to stop, and save.

    Raises:
      Interrupted: it was stopped.
    """
    waiting = [trial for trial in trials if state_of(trial.workdir) == "waiting"]
    running: dict[subprocess.Popen, Trial] = {}
    while (waiting and not stopping()) or running:
        while waiting and len(running) < workers and not stopping():
            trial = waiting.pop(0)
            running[_start(trial, command, workers)] = trial
        if stopping():
            for process in running:
                process.send_signal(signal.SIGTERM)
        for process in [process for process in running if process.poll() is not None]:
            _end(process, running.pop(process))
        show(trials)
        time.sleep(0.2)
    show(trials)
    if stopping():
        raise Interrupted


def _start(trial: Trial, command: Sequence[str], workers: int) -> subprocess.Popen:
    trial.workdir.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ)
    # Each process would take three quarters of a GPU.
    environment.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", f"{0.9 / workers:.3f}")
    with (trial.workdir / LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *command, f"--workdir={trial.workdir}", *trial.flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            # Ctrl-C is for the sweep, which passes it on.
            start_new_session=True,
        )


def _end(process: subprocess.Popen, trial: Trial) -> None:
    stopped = process.returncode in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    if process.returncode != 0 and not stopped:
        lines = (trial.workdir / LOG).read_text(errors="replace").splitlines()
        (trial.workdir / FAILED).write_text((lines or [""])[-1] + "\n")


def forget_failures(trials: Sequence[Trial]) -> None:
    """Makes failed runs wait again."""
    for trial in trials:
        Path(trial.workdir, FAILED).unlink(missing_ok=True)
