"""Runs a sweep: starts jobs while there is room, and follows them to their end."""

import dataclasses
import enum
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from runfiles import FAILED, is_complete, is_locked
from sweeps.plan import Trial
from training.config import write_config

# Seconds between two looks at the runs of another sweep.
PATIENCE = 2.0


class State(enum.StrEnum):
    """The state of a run. One that was stopped or killed is waiting."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    WAITING = "waiting"


class Job(Protocol):
    """Some trials that run."""

    trials: Sequence[Trial]

    def poll(self) -> str | None:
        """None while it runs; then why it failed, in one line, or "" if it did not."""

    def stop(self) -> bool:
        """Asks it to save and end; False if it continues by itself."""


class Launcher(Protocol):
    """Where and how jobs run.

    Attributes:
      workers: that there is room for.
    """

    workers: float

    def adopt(self, trials: Sequence[Trial]) -> Sequence[Job]:
        """Jobs that are under way already."""

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        """The trials to start next."""

    def start(self, trials: Sequence[Trial]) -> Sequence[Job]:
        """Starts them."""


@dataclasses.dataclass
class Board:
    """The state of every trial."""

    states: dict[Trial, State]

    @classmethod
    def read(cls, trials: Sequence[Trial]) -> "Board":
        return cls({trial: read_state(trial) for trial in trials})

    def of(self, state: State) -> list[Trial]:
        return [trial for trial, its in self.states.items() if its is state]


def read_state(trial: Trial) -> State:
    """Reads a run's state from its folder: anybody may have run it."""
    if is_locked(trial.workdir):
        return State.RUNNING
    if is_complete(trial.workdir):
        return State.DONE
    return State.FAILED if (trial.workdir / FAILED).exists() else State.WAITING


def launch(
    board: Board,
    launcher: Launcher,
    show: Callable[[Board], None],
    stopping: Callable[[], bool],
) -> None:
    """Runs the trials that wait, and those that wait again after a job.

    A run that fails keeps its reason in its folder, and the others continue. Runs that another
    process is at are followed, and taken over if they end early.

    Args:
      board: of all trials; kept up to date.
      launcher: has room for so many jobs at a time.
      show: called several times a second, and at the end.
      stopping: once true, no job is started, and those that run are told to save and stop.
    """
    jobs = list(launcher.adopt(board.of(State.WAITING) + board.of(State.RUNNING)))
    for job in jobs:
        board.states |= dict.fromkeys(job.trials, State.RUNNING)
    told, looked = False, time.monotonic()
    while jobs or (board.of(State.RUNNING) + board.of(State.WAITING) and not stopping()):
        if time.monotonic() - looked > PATIENCE:
            own = {trial for job in jobs for trial in job.trials}
            foreign = [trial for trial in board.of(State.RUNNING) if trial not in own]
            board.states |= {trial: read_state(trial) for trial in foreign}
            looked = time.monotonic()
        while len(jobs) < launcher.workers and not stopping():
            if not (waiting := board.of(State.WAITING)):
                break
            trials = launcher.take(waiting)
            for trial in trials:
                write_config(trial.workdir, trial.config)
            jobs += launcher.start(trials)
            board.states |= dict.fromkeys(trials, State.RUNNING)
        if stopping() and not told:
            told, jobs = True, [job for job in jobs if job.stop()]
        for job in list(jobs):
            if (reason := job.poll()) is not None:
                jobs.remove(job)
                _end(board, job, reason)
        show(board)
        time.sleep(0.2)
    show(board)


def _end(board: Board, job: Job, reason: str) -> None:
    for trial in job.trials:
        board.states[trial] = read_state(trial)
    # A job of many says itself which of its runs failed.
    left = [trial for trial in job.trials if board.states[trial] is State.WAITING]
    if reason and len(left) == len(job.trials):
        for trial in left:
            (trial.workdir / FAILED).write_text(reason + "\n")
            board.states[trial] = State.FAILED


def forget_failures(trials: Sequence[Trial]) -> None:
    """Makes failed runs wait again."""
    for trial in trials:
        (trial.workdir / FAILED).unlink(missing_ok=True)
