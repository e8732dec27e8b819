"""One run as several processes, on other numbers of them, and with one of them gone."""

import json
import signal
import time

import numpy as np
import pytest

from runfiles import read_metrics
from tests import tiny
from tests.scripts.recorded_train import hashes

RECORDED = "tests/scripts/recorded_train.py"


def log(workdir):
    return {line["step"]: line for line in read_metrics(workdir) if "train/loss" in line}


def end(processes, code, seconds=60):
    """Their outputs, once all have ended with ``code``."""
    outputs = [process.communicate(timeout=seconds) for process in processes]
    assert [process.returncode for process in processes] == [code] * len(processes), outputs
    return outputs


@pytest.mark.slow
def test_elastic(tmp_path):
    """8 devices in 2 processes, then 1, 4 and 8 in one: the run of 1 device, example by example."""
    changes = {"steps": 100, "eval_every": 100, "checkpoint_every": 50}
    alone = tiny.arguments(tmp_path / "alone", **changes)
    tiny.run("train.py", *alone, **tiny.on_devices(1))

    record = tmp_path / "record"
    record.mkdir()
    workdir = tmp_path / "elastic"
    arguments = tiny.arguments(workdir, **changes)
    together = [
        tiny.start(RECORDED, *arguments, RECORD=str(record), **environment)
        for environment in tiny.many(processes=2, devices=4)
    ]
    tiny.wait_for_step(workdir, 6, together[0])
    together[1].send_signal(signal.SIGTERM)  # one is told, both stop after the same step
    (out, _), (other_out, _) = end(together, 143)
    assert "stopped at step " in out and "stopped at step " not in other_out
    assert len(read_metrics(workdir)) == max(log(workdir))

    for devices, until in ((1, 24), (4, 44)):
        environment = tiny.on_devices(devices) | {"RECORD": str(record)}
        process = tiny.start(RECORDED, *arguments, **environment)
        tiny.wait_for_step(workdir, until, process)
        process.send_signal(signal.SIGTERM)
        end([process], 143)
    tiny.run(RECORDED, *arguments, RECORD=str(record), **tiny.on_devices(8))

    # Every row of every step, in the order of the processes.
    read = {}
    for path in record.glob("*.jsonl"):
        for line in map(json.loads, path.read_text().splitlines()):
            part = read.setdefault(line["step"], {})
            rows = part.setdefault((path.name.split("-")[0], line["process"]), line["rows"])
            assert rows == line["rows"]
    reference = tiny_stream(100)
    for step in range(100):
        starts = {start for start, _ in read[step]}
        for start in starts:  # a step that was read ahead and not used is read again
            parts = [rows for (at, _), rows in sorted(read[step].items()) if at == start]
            assert [row for rows in parts for row in rows] == reference[step]

    ours, theirs = log(workdir), log(tmp_path / "alone")
    assert list(ours) == list(theirs) == list(range(1, 101))
    assert all(ours[s]["train/dropped"] == theirs[s]["train/dropped"] for s in ours)
    # Sums over devices round otherwise; training makes that larger step by step.
    first = range(1, 21)
    losses = [[lines[step]["train/loss"] for step in first] for lines in (ours, theirs)]
    np.testing.assert_allclose(*losses, rtol=1e-3)


def tiny_stream(steps):
    """The hashes of every step's rows, read by one process without an interruption."""
    from tasks.classification import Classification

    batches = Classification(tiny.config()).train_batches(0, 0, 1)
    with batches:
        return [hashes(next(batches)) for _ in range(steps)]


@pytest.mark.slow
def test_one_of_two_is_killed(tmp_path):
    """The other ends within a minute and says why; the restart resumes. Parameters are split."""
    arguments = tiny.arguments(tmp_path, steps=16, eval_every=16, mesh__data=2, mesh__fsdp=2)
    processes = two(arguments)
    tiny.wait_for_step(tmp_path, 5, processes[0])
    processes[1].kill()
    killed = time.monotonic()
    _, err = processes[0].communicate(timeout=60)
    print(f"the other process ended after {time.monotonic() - killed:.1f} s")
    assert processes[0].returncode not in (0, None)
    assert "process 0 of 2 lost the others" in err or "another task died" in err
    processes[1].communicate()

    outputs = end(two(arguments), 0, tiny.PATIENCE)
    assert "resuming from step" in outputs[0][1]
    assert max(log(tmp_path)) == 16
    # One process alone reads what two have written, whole.
    out, _ = tiny.run(
        "eval.py",
        f"--workdir={tmp_path}",
        *("--config.mesh.data=1", "--config.mesh.fsdp=1"),
        **tiny.on_devices(1),
    )
    assert json.loads(out)["eval/accuracy"] == read_metrics(tmp_path)[-1]["eval/accuracy"]


def two(arguments):
    """train.py as two processes of two devices."""
    return [tiny.start("train.py", *arguments, **here) for here in tiny.many(2, devices=2)]


def test_processes_that_do_not_share_the_workdir_are_refused(tmp_path):
    processes = []
    for index, environment in enumerate(tiny.many(2, devices=1)):
        folder = tmp_path / str(index)
        folder.mkdir()
        arguments = tiny.arguments("run")  # in another folder on each of the two
        processes.append(tiny.start("train.py", *arguments, cwd=folder, **environment))
    for _, err in end(processes, 2):
        assert "--workdir=run must be one folder that all processes share: processes [1]" in err
