"""Runs a sweep: starts jobs while there is room, and follows them to their end."""

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from runfiles import FAILED, State, is_complete, read_state, replace
from sweeps.plan import Trial
from training.config import write_config

# Seconds between two looks at the runs of another sweep.
PATIENCE = 2.0


class Job(Protocol):
    """Some trials that run.

    Attributes:
      trials: that it carries out.
    """

    trials: Sequence[Trial]

    def poll(self) -> str | None:
        """Returns None while it runs, and then in one line why it ended before its runs were done.

        After "" these runs wait again; after a reason they have failed.
        """

    def stop(self) -> bool:
        """Tells it to save and stop; returns False if it continues by itself."""


class Launcher(Protocol):
    """Where and how jobs run.

    Attributes:
      workers: jobs that there is room for at a time.
    """

    workers: float

    def adopt(self, trials: Sequence[Trial]) -> Sequence[Job]:
        """Finds jobs of these trials that are under way already."""

    def take(self, waiting: Sequence[Trial]) -> list[Trial]:
        """Chooses the trials to start next."""

    def start(self, trials: Sequence[Trial]) -> Sequence[Job]:
        """Starts jobs of these trials, whose folders hold their configs."""


@dataclasses.dataclass
class Board:
    """The state of every trial."""

    states: dict[Trial, State]

    @classmethod
    def read(cls, trials: Sequence[Trial]) -> "Board":
        return cls({trial: _state_of(trial) for trial in trials})

    def of(self, state: State) -> list[Trial]:
        return [trial for trial, its in self.states.items() if its is state]


def launch(
    board: Board,
    launcher: Launcher,
    show: Callable[[Board], None],
    stopping: Callable[[], bool],
) -> None:
    """Runs the trials that wait, and those that wait again after a job.

    A run that fails keeps its reason in its folder, and the others continue. Runs that another
    process is at are followed, and taken over if they end early. Whatever is raised here, the jobs
    that run are told to save and stop, and are waited for.

    Args:
      board: of all trials; kept up to date.
      launcher: has room for so many jobs at a time.
      show: called several times a second, and at the end.
      stopping: once true, no job is started, and those that run are told to save and stop.
    """
    jobs: list[Job] = []
    try:
        jobs += launcher.adopt(board.of(State.WAITING) + board.of(State.RUNNING))
        _follow(jobs, board, launcher, show, stopping)
    except BaseException:
        _save_and_end(jobs)
        raise


def _follow(
    jobs: list[Job],
    board: Board,
    launcher: Launcher,
    show: Callable[[Board], None],
    stopping: Callable[[], bool],
) -> None:
    """Starts jobs and follows them; ``jobs`` always has those that run."""
    for job in jobs:
        board.states |= dict.fromkeys(job.trials, State.RUNNING)
    told, looked = False, time.monotonic()
    while jobs or (board.of(State.RUNNING) + board.of(State.WAITING) and not stopping()):
        if time.monotonic() - looked > PATIENCE:
            own = {trial for job in jobs for trial in job.trials}
            foreign = [trial for trial in board.of(State.RUNNING) if trial not in own]
            board.states |= {trial: _state_of(trial) for trial in foreign}
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
            told, jobs[:] = True, [job for job in jobs if job.stop()]
        for job in list(jobs):
            if (reason := job.poll()) is not None:
                jobs.remove(job)
                _end(board, job, reason)
        show(board)
        time.sleep(0.2)
    show(board)


def _save_and_end(jobs: Sequence[Job]) -> None:
    """Tells jobs to save and stop, and waits for those that do."""
    left = []
    for job in jobs:
        with contextlib.suppress(Exception):
            if job.stop():
                left.append(job)
    if left:
        runs = sum(len(job.trials) for job in left)
        print(f"waiting for {runs} runs to save and stop", file=sys.stderr, flush=True)
    while left:
        left = [job for job in left if _runs(job)]
        time.sleep(0.2)


def _runs(job: Job) -> bool:
    with contextlib.suppress(Exception):
        return job.poll() is None
    return False


def _end(board: Board, job: Job, reason: str) -> None:
    for trial in job.trials:
        board.states[trial] = _state_of(trial)
    # A job of many says itself which of its runs failed.
    left = [trial for trial in job.trials if board.states[trial] is State.WAITING]
    if reason and len(left) == len(job.trials):
        for trial in left:
            mark_failed(trial.workdir, reason)
            board.states[trial] = State.FAILED


def mark_failed(workdir: Path, reason: str) -> None:
    """Writes why a run failed into its folder."""
    replace(workdir / FAILED, " ".join(reason.split()) + "\n")


def forget_failures(trials: Sequence[Trial]) -> None:
    """Makes failed runs wait again."""
    for trial in trials:
        (trial.workdir / FAILED).unlink(missing_ok=True)


def _state_of(trial: Trial) -> State:
    return read_state(trial.workdir, done=is_complete(trial.workdir))
