"""Runs that are stopped and killed at any moment end as if nothing had happened: bit for bit."""

import os
import random
import signal
import time

import pytest

from runfiles import read_metrics
from tests import tiny

STEPS = 120
LONG = {"steps": STEPS, "eval_every": STEPS, "checkpoint_every": 7}
#: More of them, for those who doubt: KILLS=20 pytest tests/scripts/test_signals.py -k killed
KILLS = int(os.environ.get("KILLS", "5"))


def results(workdir):
    lines = read_metrics(workdir)
    return [(line["step"], line.get("train/loss"), line.get("eval/accuracy")) for line in lines]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Fingerprint and metrics of the same run without a stop."""
    workdir = tmp_path_factory.mktemp("whole")
    tiny.call("train.py", *tiny.arguments(workdir, **LONG))
    return tiny.fingerprint(workdir), results(workdir)


def finish(workdir, arguments, uninterrupted):
    _, err = tiny.call("train.py", *arguments)
    assert "resuming from step" in err
    assert (tiny.fingerprint(workdir), results(workdir)) == uninterrupted


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stopped_in_training(tmp_path, how, uninterrupted):
    arguments = tiny.arguments(tmp_path, **LONG)
    process = tiny.start("train.py", *arguments)
    tiny.wait_for_step(tmp_path, 20, process)
    process.send_signal(how)
    if how == signal.SIGTERM:  # as Slurm does
        process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + how, err
    stopped_at = int(out.split("stopped at step ")[1].split()[0])
    assert 20 <= stopped_at < STEPS
    assert (tmp_path / "checkpoints" / str(stopped_at)).is_dir()
    assert "to resume       python train.py --config=" in out
    finish(tmp_path, arguments, uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.2])
def test_stopped_in_an_evaluation(tmp_path, delay):
    """Evaluations on the training set, every step: hardly any time is spent on anything else."""
    changes = {"steps": 60, "eval_every": 1, "checkpoint_every": 60, "data.eval_split": "train"}
    arguments = tiny.arguments(tmp_path, **changes)
    process = tiny.start("train.py", *arguments)
    tiny.wait_for_step(tmp_path, 3, process)
    time.sleep(delay)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    stopped_at = int(out.split("stopped at step ")[1].split()[0])
    assert (tmp_path / "checkpoints" / str(stopped_at)).is_dir()
    # What was cut short comes first when the run is resumed.
    process = tiny.start("train.py", *arguments)
    tiny.wait_for_step(tmp_path, stopped_at + 2, process)
    process.kill()
    process.communicate()
    steps = [line["step"] for line in read_metrics(tmp_path) if "eval/accuracy" in line]
    assert steps[: stopped_at + 1] == list(range(1, stopped_at + 2))


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.5, 2.0])
def test_stopped_in_the_compiler(tmp_path, delay):
    """At once, though the compiler has the main thread: there is nothing to save yet."""
    errors = tmp_path / "errors"
    process = tiny.start(
        *("train.py", *tiny.arguments(tmp_path / "run", model__depth=50)),
        JAX_ENABLE_COMPILATION_CACHE="false",
    )
    with errors.open("w") as copy:
        for line in iter(process.stderr.readline, ""):
            copy.write(line)
            if "compiling" in line:
                break
    time.sleep(delay)
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert time.monotonic() - sent < 2
    assert "compiled in" not in err
    assert "stopped by SIGTERM" in err


@pytest.mark.slow
def test_killed_many_times(tmp_path, uninterrupted):
    """At random moments, every other time while a checkpoint is being written."""
    rng = random.Random(20)
    checkpoints = tmp_path / "checkpoints"
    arguments = tiny.arguments(tmp_path, **LONG | {"checkpoint_every": 2})
    resumed = torn = 0
    for kill in range(KILLS):
        process = tiny.start("train.py", *arguments)
        before = read_metrics(tmp_path)
        start = before[-1]["step"] if before else 0
        tiny.wait_for_step(tmp_path, min(start, STEPS - 40) + 1, process)
        time.sleep(rng.uniform(0, 0.3))
        if kill % 2:
            tiny.wait_until(lambda: any(checkpoints.glob("*.orbax-checkpoint-tmp")), process)
        process.kill()
        _, err = process.communicate()
        assert process.returncode == -signal.SIGKILL
        resumed += "resuming from step" in err
        torn += any(checkpoints.glob("*.orbax-checkpoint-tmp"))
    print(f"{KILLS} kills, {torn} inside a save, {resumed} of them resumed")
    assert torn >= KILLS // 4
    assert resumed >= KILLS - 3  # a first one may come before there is a checkpoint
    finish(tmp_path, arguments, uninterrupted)
