"""What a checkpoint costs: how long training waits for it, and how long the disk is busy.

    python benchmarks/checkpoints.py [--folder=DIR] [--saves=5]

The state is ResNet-50's, with momentum.
"""

import argparse
import dataclasses
import functools
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax

from configs import digits
from training.config import change
from training.run import build_run
from training.state import fingerprint
from training.workdir import Checkpoints


def seconds(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def copy(state) -> None:
    jax.block_until_ready([leaf.copy() for leaf in jax.tree.leaves(state)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="on the disk to measure")
    parser.add_argument("--saves", type=int, default=5)
    options = parser.parse_args()
    run = build_run(change(digits.get_config(), {"model.depth": 50, "model.width": 64}))
    state = run.init_state()
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
    blocked, whole, copied = [], [], []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        with Checkpoints(Path(folder), {}) as checkpoints:
            for step in range(options.saves):
                state = dataclasses.replace(state, step=jax.device_put(step, state.step.sharding))
                start = time.perf_counter()
                checkpoints.save(state, next_example=0)
                blocked.append(time.perf_counter() - start)
                checkpoints.wait()
                whole.append(time.perf_counter() - start)
                copied.append(seconds(functools.partial(copy, state)))
            verified = seconds(lambda: checkpoints.verify(state, run.abstract_state()))
        opened = seconds(lambda: Checkpoints(Path(folder), {}, read_only=True))
        hashed = seconds(lambda: fingerprint(state))
    print(f"{size / 1e6:.0f} MB on {jax.devices()[0].device_kind}, {options.saves} saves")
    for name, values in (
        ("training waits", blocked),
        ("until the checkpoint is on disk, with its sums", whole),
        ("the same bytes copied in memory", copied),
        ("the last one read back and compared, at exit", [verified]),
        ("of this, two fingerprints", [2 * hashed]),
        ("two checkpoints' sums checked, at start", [opened]),
    ):
        print(f"{name:50}{statistics.median(values) * 1e3:8.0f} ms")


if __name__ == "__main__":
    main()
