"""The digits config, small enough to train in seconds; and the scripts, run by tests."""

import contextlib
import functools
import importlib
import io
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import jax
import numpy as np
from absl import logging
from jax.sharding import Mesh

from configs import digits
from runfiles import read_metrics
from training.config import change, read_config
from training.devices import processes, send
from training.run import Run, build_run
from training.stop import StopRequest

ROOT = Path(__file__).parents[1]
#: How long a test waits for another process, in seconds: only what hangs takes so long, on
#: however busy a machine.
PATIENCE = 600
SMALL = {
    "data.image_size": 8,
    "model.depth": 10,
    "model.width": 4,
    "batch_size": 16,
    "steps": 6,
    "eval_every": 3,
    "checkpoint_every": 2,
    "log_every": 1,
}


def config(variant="dropblock", optimizer=None, **changes):
    """The config that train.py makes of these, with SMALL and then ``changes`` (``a__b``: a.b).

    ``optimizer`` takes the place of the whole section, as in a config file.
    """
    value = digits.get_config(variant)
    if optimizer is not None:
        value.optimizer = optimizer
    return change(value, _fields(changes)).lock()


def arguments(workdir, variant="dropblock", **changes):
    """The same on train.py's command line; without a workdir if it is None."""
    return [
        f"--config={ROOT}/configs/digits.py:{variant}",
        *([] if workdir is None else [f"--workdir={workdir}"]),
        *(f"--config.{name}={change}" for name, change in _fields(changes).items()),
    ]


def _fields(changes):
    return SMALL | {name.replace("__", "."): change for name, change in changes.items()}


def call(script, *args, code=0):
    """Runs a script to its end within this process; returns its stdout and stderr.

    That takes half the time of :func:`run`, and is the same but for what a process of its own has:
    signals, environment variables, and how it ends.
    """
    main = importlib.import_module(Path(script).stem).main
    out, err = io.StringIO(), io.StringIO()
    verbosity, ended = logging.get_verbosity(), 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(processes, "leave_at_once", sys.exit),
    ):
        try:
            main([script, *map(str, args)])
        except SystemExit as exit:
            ended = exit.code or 0
        finally:
            logging.set_verbosity(verbosity)
    assert ended == code, err.getvalue()
    return out.getvalue(), err.getvalue()


def refused(script, *args):
    """The one line that a script says to bad arguments, without its "error: "."""
    out, err = call(script, *args, code=2)
    assert out == ""
    assert err.startswith("error: ") and err.endswith("\n"), err
    assert len(err.splitlines()) == 1, err
    return err.removeprefix("error: ")


def start(script, *args, cwd=None, **environment):
    """Starts a script in a process of its own, as a user does."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / script), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
    )


def run(script, *args, code=0, **environment):
    """Runs a script to its end; returns its stdout and stderr."""
    process = start(script, *args, **environment)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, err
    return out, err


def on_devices(count):
    """The environment of a process with ``count`` CPU devices."""
    others = os.environ["XLA_FLAGS"]  # of several counts the last one holds
    return {"XLA_FLAGS": f"{others} --xla_force_host_platform_device_count={count}"}


def many(processes, devices):
    """The environments of the processes of one run on this machine, each with so many devices."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    job = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": str(processes)}
    return [
        on_devices(devices) | job | {"JAX_PROCESS_ID": str(index)} for index in range(processes)
    ]


def on_one_device(run):
    """The same run without the other devices of this process."""
    return Run(run.config, run.task, Mesh(jax.devices()[:1], ("data",)))


def first_steps(run, count):
    """The state after the first steps, and the scalars of each."""
    state, log = run.init_state(), []
    rows = iter(run.task.train_batches(0, 0, 1))
    for _ in range(count):
        batch = send(run.mesh, next(rows), StopRequest())
        state, scalars = run.train_step(state, batch, run.values)
        log.append(jax.device_get(scalars))
    return state, log


def check_training_on_two_devices(workdir):
    """Asserts that the run's first two steps are those of one device."""
    run = build_run(read_config(workdir))
    assert run.mesh.size == 2
    logs = [first_steps(each, 2)[1] for each in (on_one_device(run), run)]
    for alone, split in zip(*logs, strict=True):
        jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-3), split, alone)


def evaluate_everywhere(workdir, *arguments):
    """What eval.py prints of a run on one device, on eight, and in two processes."""
    lines = []
    for environments in ([on_devices(1)], [on_devices(8)], many(processes=2, devices=1)):
        command = ("eval.py", f"--workdir={workdir}", *arguments)
        started = [start(*command, **environment) for environment in environments]
        outputs = [process.communicate(timeout=PATIENCE) for process in started]
        assert [process.returncode for process in started] == [0] * len(started), outputs
        lines.append(json.loads(outputs[0][0].splitlines()[-1]))
    return lines


def wait_for_step(workdir, step, process):
    """Waits until the run has logged ``step``."""
    wait_until(lambda: (read_metrics(workdir) or [{"step": -1}])[-1]["step"] >= step, process)


def wait_until(happened, process=None, seen=lambda: "waited too long", pause=0.01):
    """Asks ``happened()`` until it has, which must be while the process runs, if there is one.

    ``seen()`` says in a failure what there was instead; ``pause`` seconds are between questions.
    """
    end = time.monotonic() + PATIENCE
    while not happened():
        assert process is None or process.poll() is None, f"too early: {process.communicate()}"
        assert time.monotonic() < end, seen()
        time.sleep(pause)


def fingerprint(workdir):
    """The fingerprint of a run's latest checkpoint."""
    out, _ = call("eval.py", f"--workdir={workdir}", "--fingerprint")
    assert len(out.strip()) == 64
    return out
