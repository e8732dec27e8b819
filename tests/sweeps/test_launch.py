"""Who is started when, with jobs that are not processes."""

import pytest

from sweeps import launch as module
from sweeps.launch import FAILED, Board, State, launch
from sweeps.plan import Trial


class FakeJob:
    """Ends at its second poll; ``outcomes``: trial name -> reason of failure."""

    def __init__(self, trials, outcomes, writes_itself):
        self.trials, self._outcomes, self._polls = trials, outcomes, 0
        self._writes_itself = writes_itself
        self.stopped = False

    def poll(self):
        self._polls += 1
        if self._polls < 2:
            return None
        if self.stopped:
            return ""
        failed = [trial for trial in self.trials if self._outcomes.get(trial.name)]
        for trial in failed if self._writes_itself else ():
            (trial.workdir / FAILED).write_text("nan\n")
        for trial in self.trials if not failed else ():
            (trial.workdir / "complete").touch()
        return self._outcomes[failed[0].name] if failed else ""

    def stop(self):
        self.stopped = True
        return True


class FakeLauncher:
    def __init__(self, workers, outcomes=(), together=False):
        self.workers, self.outcomes, self.together = workers, dict(outcomes), together
        self.started, self.jobs, self.most = [], [], 0

    def adopt(self, trials):
        return []

    def take(self, waiting):
        return list(waiting) if self.together else [waiting[0]]

    def start(self, trials):
        self.started.append([trial.name for trial in trials])
        self.jobs.append(FakeJob(trials, self.outcomes, self.together))
        return [self.jobs[-1]]


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "is_complete", lambda folder: (folder / "complete").exists())
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    return Board.read([Trial(name, tmp_path / name, {}, None, []) for name in "abcde"])


def go(board, launcher, stopping=lambda: False):
    most = 0

    def show(board):
        nonlocal most
        most = max(most, len(board.of(State.RUNNING)))

    launch(board, launcher, show, stopping)
    return most


def names(board, state):
    return "".join(trial.name for trial in board.of(state))


def test_no_more_at_a_time_than_workers(board):
    launcher = FakeLauncher(2)
    assert go(board, launcher) == 2
    assert launcher.started == [["a"], ["b"], ["c"], ["d"], ["e"]]
    assert names(board, State.DONE) == "abcde"


def test_a_failure_keeps_its_reason_and_the_others_go_on(board):
    go(board, FakeLauncher(1, {"b": "it broke"}))
    assert names(board, State.DONE) == "acde" and names(board, State.FAILED) == "b"
    (failed,) = board.of(State.FAILED)
    assert (failed.workdir / FAILED).read_text() == "it broke\n"
    # The next sweep leaves it out.
    again = FakeLauncher(1)
    go(Board.read(list(board.states)), again)
    assert again.started == []
    module.forget_failures(list(board.states))
    go(Board.read(list(board.states)), again)
    assert again.started == [["b"]]


def test_the_others_of_a_job_start_again_without_the_one_that_failed(board):
    launcher = FakeLauncher(1, {"c": "the loss is nan"}, together=True)
    go(board, launcher)
    assert launcher.started == [list("abcde"), list("abde")]
    assert names(board, State.DONE) == "abde" and names(board, State.FAILED) == "c"


def test_a_stop_reaches_every_job_and_starts_none(board):
    launcher = FakeLauncher(2)
    go(board, launcher, stopping=lambda: len(launcher.started) == 2)
    assert launcher.started == [["a"], ["b"]]
    assert all(job.stopped for job in launcher.jobs)
    assert names(board, State.WAITING) == "abcde"


def test_runs_of_somebody_else_are_followed_and_taken_over(board, monkeypatch):
    """One of them ends complete, the other early."""
    locked = {"a": 3, "b": 3}

    def is_locked(folder):
        left = locked.get(folder.name, 0)
        locked[folder.name] = left - 1
        if left == 1 and folder.name == "a":
            folder.mkdir(exist_ok=True)
            (folder / "complete").touch()
        return left > 0

    monkeypatch.setattr(module, "is_locked", is_locked)
    monkeypatch.setattr(module, "PATIENCE", 0)
    launcher = FakeLauncher(1)
    go(Board.read(list(board.states)), launcher)
    assert sorted(launcher.started) == [["b"], ["c"], ["d"], ["e"]]
