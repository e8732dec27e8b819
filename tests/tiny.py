"""The digits config, small enough to train in seconds; and the scripts as a user starts them."""

import os
import subprocess
import sys
from pathlib import Path

from configs import digits

ROOT = Path(__file__).parents[1]
SMALL = {
    "data.image_size": 8,
    "model.width": 4,
    "batch_size": 16,
    "steps": 6,
    "eval_every": 3,
    "checkpoint_every": 2,
    "log_every": 1,
}


def config(variant="dropblock", **changes):
    """The config as get_config gives it, with SMALL and then ``changes`` (``a__b`` for a.b)."""
    value = digits.get_config(variant)
    flat = SMALL | {name.replace("__", "."): change for name, change in changes.items()}
    value.update_from_flattened_dict(flat)
    return value.lock()


def arguments(workdir, variant="dropblock", **changes):
    """The same on the command line, without the script's name; without a workdir if it is None."""
    flat = SMALL | {name.replace("__", "."): change for name, change in changes.items()}
    return [
        f"--config={ROOT}/configs/digits.py:{variant}",
        *([] if workdir is None else [f"--workdir={workdir}"]),
        *(f"--config.{name}={change}" for name, change in flat.items()),
    ]


def start(script, *args):
    """Starts a script in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / script), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


def run(script, *args, code=0):
    """Runs a script to its end; returns its stdout and stderr."""
    process = start(script, *args)
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    return out, err
