"""Who is started when, with jobs that are not processes."""

import pytest
from ml_collections import ConfigDict

from runfiles import FAILED, State, read_record
from sweeps import launch as module
from sweeps.launch import Board, launch
from sweeps.plan import Trial

CONFIG = ConfigDict({"batch_size": 1})


class FakeJob:
    """Ends at its second poll, or not before it is stopped.

    ``outcomes``: trial name -> reason of failure.
    """

    def __init__(self, trials, outcomes, writes_itself, never_ends):
        self.trials, self._outcomes, self._polls = trials, outcomes, 0
        self._writes_itself, self._never_ends = writes_itself, never_ends
        self.stopped = self.has_ended = False

    def poll(self):
        self._polls += 1
        if self._polls < 2 or (self._never_ends and not self.stopped):
            return None
        self.has_ended = True
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
    def __init__(self, workers, outcomes=(), together=False, never_ends=False):
        self.never_ends = never_ends
        self.workers, self.outcomes, self.together = workers, dict(outcomes), together
        self.started, self.jobs, self.most = [], [], 0

    def adopt(self, trials):
        return []

    def take(self, waiting):
        return list(waiting) if self.together else [waiting[0]]

    def start(self, trials):
        self.started.append([trial.name for trial in trials])
        self.jobs.append(FakeJob(trials, self.outcomes, self.together, self.never_ends))
        return [self.jobs[-1]]


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "is_complete", lambda folder: (folder / "complete").exists())
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    return Board.read([Trial(name, tmp_path / name, {}, CONFIG) for name in "abcde"])


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
    assert all(read_record(trial.workdir).config == {"batch_size": 1} for trial in board.states)


def test_a_failure_keeps_its_reason_and_the_others_continue(board):
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


@pytest.mark.parametrize("where", ["start", "show", "poll", "write_config", "adopt"])
def test_whatever_is_raised_the_runs_save_and_end(board, monkeypatch, where, capsys):
    """The third start, the fifth look, the first answer of a job, a full disk: no orphans."""
    launcher, calls = FakeLauncher(2, never_ends=True), []

    def breaks(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise OSError("no space left")
        return real(*arguments)

    real = {
        "start": launcher.start, "show": lambda board: None, "poll": FakeJob.poll,
        "write_config": module.write_config, "adopt": lambda: None,
    }[where]  # fmt: skip
    show = breaks if where == "show" else lambda board: None
    if where == "start":
        launcher.workers, launcher.start = 3, breaks
    elif where == "poll":
        monkeypatch.setattr(FakeJob, "poll", breaks)
    elif where == "write_config":
        launcher.workers = 3
        monkeypatch.setattr(module, "write_config", breaks)
    elif where == "adopt":
        launcher.adopt = lambda trials: [breaks(), breaks(), breaks()]
    with pytest.raises(OSError, match="no space left"):
        launch(board, launcher, show, lambda: False)
    assert len(launcher.jobs) == (0 if where == "adopt" else 2)
    assert all(job.stopped and job.has_ended for job in launcher.jobs)
    if launcher.jobs:
        assert "waiting for 2 runs to save and stop" in capsys.readouterr().err
    assert names(Board.read(list(board.states)), State.WAITING) == "abcde"


def test_a_job_that_ends_without_an_error_and_undone_is_not_started_for_ever(board):
    launcher = FakeLauncher(1, {name: "it ended early" for name in "abcde"})
    go(board, launcher)
    assert launcher.started == [["a"], ["b"], ["c"], ["d"], ["e"]]
    assert names(board, State.FAILED) == "abcde"


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

    monkeypatch.setattr("runfiles.state.is_locked", is_locked)
    monkeypatch.setattr(module, "PATIENCE", 0)
    launcher = FakeLauncher(1)
    go(Board.read(list(board.states)), launcher)
    assert sorted(launcher.started) == [["b"], ["c"], ["d"], ["e"]]
