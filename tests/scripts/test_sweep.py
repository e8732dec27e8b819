"""sweep.py as a user starts it, and as the kernel ends it."""

import csv
import json
import os
import signal
import subprocess
import time

import pytest

from runfiles import checkpoint_steps, is_complete, read_metrics
from tests import tiny
from tests.sweeps.grids import write_grid

LONG = {"steps": 30, "eval_every": 15, "checkpoint_every": 3}


def arguments(tmp_path, grid, *more, **changes):
    location = write_grid(tmp_path / "grid.py", grid, **changes)
    return ["sweep.py", f"--config={location}", f"--workdir={tmp_path / 'sweep'}", *more]


def table(tmp_path):
    with (tmp_path / "sweep" / "sweep.csv").open() as file:
        return list(csv.DictReader(file))


def children(process):
    """The processes of its runs."""
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


@pytest.mark.slow
def test_killed_with_its_runs_it_resumes_and_repeats_nothing(tmp_path):
    """Two jobs one after the other: the first is done when everything is killed, the second not.

    A run's folder is one that train.py and eval.py understand, before its end and after it.
    """
    grid = (
        'hyper.product([hyper.sweep("config.regularizer.block_size", [1, 3]), '
        'hyper.sweep("config.regularizer.keep_prob", [0.8, 0.9])])'
    )
    command = arguments(tmp_path, grid, "--launcher=together", **LONG)
    out, _ = tiny.run(*command, "--dry_run")
    names = [f"block_size={size},keep_prob={share}" for size in (1, 3) for share in (0.8, 0.9)]
    assert out.split() == [word for name in names for word in ("waiting", name)]
    runs = [tmp_path / "sweep" / name for name in names]
    process = tiny.start(*command)
    tiny.wait_until(lambda: checkpoint_steps(runs[2]) and checkpoint_steps(runs[3]), process)
    for child in children(process):
        os.kill(child, signal.SIGKILL)
    process.kill()
    process.communicate()
    assert [is_complete(run) for run in runs] == [True, True, False, False]
    before = [(run / "metrics.jsonl").stat().st_mtime_ns for run in runs]

    # Refused while another is at work; which stops.
    process = tiny.start(*command)
    tiny.wait_until(lambda: len(children(process)) == 1, process)
    (child,) = children(process)
    os.kill(child, signal.SIGSTOP)  # or it may be done before the other looks
    _, err = tiny.run(*command, code=2)
    assert "is in use by another run" in err
    process.send_signal(signal.SIGTERM)
    os.kill(child, signal.SIGCONT)
    out, _ = process.communicate(timeout=tiny.PATIENCE)
    assert process.returncode == 143
    assert "to resume       python sweep.py" in out

    step = checkpoint_steps(runs[3])[-1]
    out, err = tiny.run("train.py", f"--workdir={runs[3]}")
    assert f"resuming from step {step}" in err and is_complete(runs[3])
    out, _ = tiny.run(*command)
    assert "table  " in out
    after = [(run / "metrics.jsonl").stat().st_mtime_ns for run in runs]
    assert after[:2] == before[:2]
    rows = table(tmp_path)
    assert [row["run"] for row in rows] == names
    for row, run in zip(rows, runs, strict=True):
        steps = [line["step"] for line in read_metrics(run) if "train/loss" in line]
        assert steps == list(range(1, 31))
        assert row["state"] == "done" and row["seed"] == "0" and row["failed"] == ""
        accuracies = {
            str(line["step"]): line["eval/accuracy"]
            for line in read_metrics(run)
            if "eval/accuracy" in line
        }
        assert float(row["best_accuracy"]) == max(accuracies.values())
        assert float(row["best_accuracy"]) == accuracies[row["best_step"]]
        assert float(row["last_accuracy"]) == accuracies["30"]
        assert float(row["seconds"]) > 0

    out, _ = tiny.run("eval.py", f"--workdir={runs[2]}")
    found = json.loads(out)
    assert found["step"] == 30
    assert found["eval/accuracy"] == pytest.approx(float(rows[2]["last_accuracy"]))


@pytest.mark.slow
def test_a_failed_run_says_why_and_a_lost_one_is_followed(tmp_path):
    """One run diverges. The sweep alone is killed, its other run lives on: it is not doubled."""
    grid = 'hyper.sweep("config.learning_rate.base", [1e30, 0.4])'
    command = arguments(tmp_path, grid, "--workers=2", **LONG)
    runs = [tmp_path / "sweep" / f"base={base}" for base in ("1e+30", "0.4")]
    process = tiny.start(*command)
    why = runs[0] / "failed"
    tiny.wait_until(lambda: why.exists() and len(read_metrics(runs[1])) > 2, process)
    (child,) = children(process)
    os.kill(child, signal.SIGSTOP)  # or it may be done before the next sweep looks
    process.kill()
    process.communicate()
    process = tiny.start(*command)
    time.sleep(3)
    assert children(process) == []
    os.kill(child, signal.SIGCONT)
    process.communicate(timeout=tiny.PATIENCE)
    assert process.returncode == 1
    failed, done = table(tmp_path)
    assert (failed["state"], done["state"]) == ("failed", "done")
    assert "not finite" in failed["failed"] or "the loss is" in failed["failed"]
    assert "resuming" not in (runs[1] / "train.log").read_text()

    _, err = tiny.run(*command, "--retry_failed", code=1)
    assert "1 done, 1 running, 0 failed" in err
    assert table(tmp_path)[0]["state"] == "failed"


def test_bad_arguments_get_one_line(tmp_path):
    command = arguments(tmp_path, 'hyper.sweep("config.regularizer.keep_prob", [0.9, 0.0])')
    for more, words in (
        ([], "run 2 of 2, keep_prob=0.0: config.regularizer.keep_prob must be in (0, 1]"),
        (["--launcher=cloud"], "--launcher"),
        (["--workers=0"], "--workers"),
        (["--together=0"], "--together"),
        (["--workdir="], "--workdir is missing"),
        (["--config.regularizer.keep_prob=0.5"], "sets config.regularizer.keep_prob, which the"),
    ):
        _, err = tiny.run(*command, *more, code=2)
        assert err.startswith("error: ") and words in err and len(err.splitlines()) == 1
    _, err = tiny.run("sweep.py", command[2], code=2)
    assert err.startswith("error: --config is missing") and len(err.splitlines()) == 1
    assert not (tmp_path / "sweep").exists()
