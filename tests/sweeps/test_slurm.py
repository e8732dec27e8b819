"""What Slurm's answers mean, without a Slurm."""

import os
import stat

import pytest

from sweeps import slurm
from sweeps.names import fit
from sweeps.plan import Trial
from sweeps.slurm import Queue, SlurmJob, SlurmLauncher


@pytest.fixture
def answers(monkeypatch):
    """Answers of squeue, one for each question, two seconds and a bit apart; the last one stays."""
    given, clock = [], [0.0]
    monkeypatch.setattr(slurm, "squeue", lambda: given.pop(0) if len(given) > 1 else given[0])
    monkeypatch.setattr(slurm.time, "monotonic", lambda: clock[0])

    def ask(queue, job, *new):
        given[:] = new
        ended = []
        for _ in range(max(len(new), 1)):
            clock[0] += slurm.INTERVAL + 0.1
            ended.append(queue.has_ended(job))
        return ended

    return ask


def test_a_job_that_is_listed_has_not_ended_and_one_that_long_is_not_has(answers):
    queue = Queue()
    assert not any(answers(queue, "7_1", *[{"7_1"}] * 20))
    ended = answers(queue, "7_1", *[{"7_2"}] * 20)
    assert not any(ended[:7]) and all(ended[8:])
    assert queue.has_seen("7_1") and not queue.has_seen("7_3")


def test_unknown_is_not_ended(answers):
    """No answer at all, from the first on or for a while; a first answer before the array is in."""
    queue = Queue()
    assert not any(answers(queue, "7_1", *[None] * 200))
    assert not any(answers(queue, "7_1", set(), *[None] * 200))
    assert not any(answers(queue, "7_1", {"7_1"}, *[None] * 200, {"7_1"}, set()))
    # Several answers without it after that long silence are needed, as ever.
    assert answers(queue, "7_1", *[set()] * 10)[-1]


def test_an_array_that_waits_may_be_listed_in_one(answers):
    queue = Queue()
    assert not any(answers(queue, "7_1", *[{"7_[0-3%2]", "9"}] * 20))
    assert answers(queue, "8_1", *[{"7_[0-3%2]", "9"}] * 20)[-1]


@pytest.mark.parametrize(
    ("script", "jobs"),
    [
        ("echo 7_1; echo 7_[2-5,8%2]; echo 9; echo 12+0", {"7_1", "7_[2-5,8%2]", "9", "12+0"}),
        ("true", set()),
        ("echo 7_1; exit 1", None),
        ("echo 'slurm_load_jobs error: Unable to contact slurm controller'", None),
        ("printf '7_1\\n\\377\\376 7_2'", None),
        ("sleep 5", None),
        (None, None),
    ],
)
def test_what_is_no_list_of_jobs_is_no_answer(tmp_path, monkeypatch, script, jobs):
    monkeypatch.setattr(slurm, "TIMEOUT", 1.0)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    if script is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        program = tmp_path / "squeue"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert slurm.squeue() == jobs


def test_why_a_job_ended_is_of_its_own_output(tmp_path, answers):
    """A forgotten one that this sweep.py never saw waits again; one that it saw has failed."""
    trial = Trial("a", tmp_path, {}, None)
    (tmp_path / "train.log").write_text("error: an old mistake\n")
    queue = Queue()
    own = SlurmJob(trial, "7_1", queue)
    answers(queue, "7_1", *[set()] * 20)
    assert own.poll() == "its Slurm job 7_1 has ended: no output"
    (tmp_path / "train.log").write_text("error: an old mistake\nerror: a new one\n")
    assert own.poll() == "its Slurm job 7_1 has ended: a new one"
    assert SlurmJob(trial, "7_1", queue, adopted=True).poll() == ""


def test_jobs_of_an_earlier_sweep_are_adopted_and_garbage_is_not(tmp_path, monkeypatch):
    trials = [Trial(name, tmp_path / name, {}, None) for name in "abc"]
    for trial, text in zip(trials[:2], ("7_0\n", ""), strict=True):
        trial.workdir.mkdir()
        (trial.workdir / "slurm_job").write_text(text)
    launcher = SlurmLauncher.__new__(SlurmLauncher)
    launcher._queue = Queue()
    assert [(job.id, job.trials) for job in launcher.adopt(trials)] == [("7_0", [trials[0]])]


def test_a_name_is_cut_between_letters():
    name = fit("é" * 200)
    assert len(name.encode()) <= 200 and name == fit("é" * 200) != fit("é" * 201)
