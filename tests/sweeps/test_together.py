"""Which runs train as one program, how many at a time, and what one of them does to the others."""

import json
import sys

import jax
import numpy as np
import pytest

from runfiles import CHECKPOINTS, FAILED, State, checkpoint_steps, take_lock
from sweeps import together as module
from sweeps.launch import Board
from sweeps.plan import Trial
from sweeps.processes import AGAIN
from sweeps.together import TogetherLauncher
from tests import tiny
from training import loop
from training.config import write_config
from training.devices import processes
from training.state import fingerprint
from training.stop import StopRequest
from training.together import RecordsTogether, RunsTogether


def trials_in(folder, count, **changes):
    return [
        Trial(str(seed), folder / str(seed), {}, tiny.config(seed=seed, **changes))
        for seed in range(count)
    ]


def at_step(trial, *steps):
    for step in steps:
        (trial.workdir / CHECKPOINTS / str(step)).mkdir(parents=True)


def sizes(launcher, waiting):
    """How many each job would take, one after the other."""
    taken, waiting = [], list(waiting)
    while waiting:
        trials = launcher.take(waiting)
        taken.append(len(trials))
        waiting = [trial for trial in waiting if trial not in trials]
    return taken


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(7, 16, [7]), (16, 16, [16]), (17, 16, [9, 8]), (60, 16, [15] * 4), (3, 1, [1] * 3)],
)
def test_no_more_at_a_time_than_asked_for_and_jobs_of_like_sizes(tmp_path, count, most, expected):
    launcher = TogetherLauncher(1, most, tmp_path / "jobs")
    assert sizes(launcher, trials_in(tmp_path, count)) == expected


def test_runs_of_the_same_program_and_step_train_together(tmp_path):
    """One that lost its newest checkpoint trains by itself; so does another program."""
    trials = trials_in(tmp_path, 4)
    other = Trial("o", tmp_path / "o", {}, tiny.config(regularizer__block_size=1))
    for trial in trials[:2]:
        at_step(trial, 2, 4)
    at_step(trials[2], 2)
    launcher = TogetherLauncher(1, 16, tmp_path / "jobs")
    waiting = [*trials, other]
    taken = []
    while waiting:
        taken.append(launcher.take(waiting))
        waiting = [trial for trial in waiting if trial not in taken[-1]]
    assert [[trial.name for trial in job] for job in taken] == [["0", "1"], ["2"], ["3"], ["o"]]


PYTHON = sys.executable
PROGRAM = """\
import json, os, signal, sys
runs = json.load(open(sys.argv[1]))
print("one of", len(runs), flush=True)
if len(runs) > 2:
    {what}
"""


@pytest.mark.parametrize(
    "what",
    ["os.kill(os.getpid(), signal.SIGKILL)", "sys.exit('RESOURCE_EXHAUSTED: Out of memory')"],
)
def test_a_job_without_enough_memory_is_tried_with_half_its_runs(
    tmp_path, monkeypatch, capsys, what
):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(what=what))
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    launcher = TogetherLauncher(1, 16, tmp_path / "jobs")
    start = launcher._places.start
    monkeypatch.setattr(
        launcher._places, "start",
        lambda kind, trials, arguments, log: start(
            kind, trials, ["-c", f"exec {PYTHON} {program} {arguments[-1]}"], log
        ),
    )  # fmt: skip
    trials = trials_in(tmp_path, 8)
    left, ends = list(trials), []
    while left:
        taken = launcher.take(left)
        (job,) = launcher.start(taken)
        tiny.wait_until(lambda job=job: job.poll() is not None)
        ends.append((len(taken), job.poll()))
        if len(taken) <= 2:
            left = [trial for trial in left if trial not in taken]
    done = "it ended without an error and before its last step"
    assert ends == [(8, ""), (4, ""), *[(2, done)] * 4]
    assert "8 runs together ran out of memory: now 4 at a time" in capsys.readouterr().err
    (file,) = (tmp_path / "jobs").glob("6.json")
    assert json.loads(file.read_text()) == [str(tmp_path / "6"), str(tmp_path / "7")]


def train(configs, folders, steps=None):
    runs = RunsTogether(configs)
    runs.steps = steps or runs.steps
    with StopRequest() as stop, RecordsTogether(runs, folders) as records:
        state, _ = loop.train(runs, records, stop)
    return runs, jax.device_get(state)


def of_run(state, index):
    return jax.tree.map(lambda leaf: np.asarray(leaf[index]), state)


@pytest.mark.slow
def test_a_runs_bits_do_not_depend_on_those_beside_it(tmp_path):
    """Three on two devices use both; with another one in the place left over nothing changes."""
    configs = [tiny.config(seed=seed, steps=2) for seed in range(4)]
    three, padded = train(configs[:3], [tmp_path / f"3{n}" for n in range(3)])
    four, full = train(configs, [tmp_path / f"4{n}" for n in range(4)])
    assert three.mesh.size == four.mesh.size == 2
    assert [len(runs.members()) for runs in (three, four)] == [3, 4]
    for index in range(3):
        assert fingerprint(of_run(padded, index)) == fingerprint(of_run(full, index))
    # One on a device, alone and beside another.
    one, alone = train(configs[:1], [tmp_path / "1"])
    _, two = train(configs[:2], [tmp_path / f"2{n}" for n in range(2)])
    assert one.mesh.size == 1
    assert fingerprint(of_run(alone, 0)) == fingerprint(of_run(two, 0))


@pytest.fixture
def main(tmp_path, monkeypatch):
    """What a job's process does with these runs' folders; returns its exit code."""

    def leave(code):
        raise SystemExit(code)

    monkeypatch.setattr(processes, "leave_at_once", leave)
    monkeypatch.setenv("XLA_FLAGS", "")  # main adds to them

    def run(*workdirs):
        (tmp_path / "job.json").write_text(json.dumps([str(workdir) for workdir in workdirs]))
        with pytest.raises(SystemExit) as caught:
            module.main(tmp_path / "job.json")
        return caught.value.code

    return run


@pytest.mark.slow
def test_the_run_that_diverges_is_marked_and_no_other(tmp_path, main):
    """It is the last one, which stands on the place left over too."""
    trials = trials_in(tmp_path, 2)
    trials.append(Trial("2", tmp_path / "2", {}, tiny.config(learning_rate__base=1e30)))
    for trial in trials:
        write_config(trial.workdir, trial.config)
    assert main(*(trial.workdir for trial in trials)) == 1
    states = Board.read(trials).states
    assert [states[trial] for trial in trials] == [State.WAITING, State.WAITING, State.FAILED]
    assert (trials[2].workdir / FAILED).read_text().startswith("the ")


def damage(workdir, step):
    files = sorted((workdir / CHECKPOINTS / str(step) / "state").rglob("*"))
    next(path for path in files if path.is_file()).write_bytes(b"not what was written")


@pytest.mark.slow
# A lock that is not got leaves its file to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_run_that_lost_its_newest_checkpoint_costs_the_others_nothing(tmp_path, main, capsys):
    """Refused with every whole checkpoint in its place; the next job takes those that agree."""
    trials = trials_in(tmp_path, 3, steps=4)
    folders = [trial.workdir for trial in trials]
    train([trial.config for trial in trials], folders)
    damage(folders[1], 4)
    before = [checkpoint_steps(folder) for folder in folders]
    assert main(*folders) == AGAIN
    message = capsys.readouterr().err.splitlines()[-1]
    assert "1 from step 3; 0, 2 from step 4. No whole checkpoint was touched." in message
    assert f"Damaged, and moved to damaged/: step 4 of {folders[1]}: " in message
    after = [checkpoint_steps(folder) for folder in folders]
    assert after == [before[0], before[1][:-1], before[2]]
    launcher = TogetherLauncher(1, 16, tmp_path / "jobs")
    assert launcher.take(trials) == [trials[0], trials[2]]

    # A run that cannot begin is marked, unless it is at work elsewhere, and holds no other back.
    with take_lock(folders[0]):
        assert main(*folders) == 2
        assert "in use by another run" in capsys.readouterr().err
        assert Board.read(trials).states[trials[0]] is State.RUNNING
    for step in checkpoint_steps(folders[1]):
        damage(folders[1], step)
    assert main(*folders) == 2
    assert not (folders[0] / FAILED).exists() and not (folders[2] / FAILED).exists()
    assert "every checkpoint in" in (folders[1] / FAILED).read_text()
    assert 4 in checkpoint_steps(folders[0]) and 4 in checkpoint_steps(folders[2])
