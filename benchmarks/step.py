"""DropBlock in a whole ResNet-50 training step, against the same step without.

    python benchmarks/step.py [--batch=16] [--size=224] [--dtype=float32] [--rounds=10] [NAME ...]

Names: none; again, the same step once more, which shows the noise; ours, whose masks are drawn
before the network runs, as train.py does; plain and usual, see benchmarks/ports.py. The paper's
placement: groups 3 and 4, four sites a block, block 7, keep_prob 0.9. Prints medians of steps that
take turns in one process, and of each round's ratio to the first name's step.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import jax.numpy as jnp

from benchmarks.step_program import OPERATIONS, make_step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(OPERATIONS))
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    dtype = jnp.dtype(options.dtype)
    shape = (options.batch, options.size, options.size, 3)
    images = jax.random.normal(jax.random.key(1), shape, dtype)
    labels = jax.random.randint(jax.random.key(2), shape[:1], 0, 1000)

    steps, states, times = {}, {}, {name: [] for name in options.names}
    for name in options.names:
        initialise, step = make_step(name, dtype)
        states[name] = jax.jit(initialise)()
        steps[name] = jax.jit(step, donate_argnums=0)
    for turn in range(options.rounds + 2):
        key = jax.random.key(turn)
        for name, step in steps.items():
            start = time.perf_counter()
            states[name], loss = step(states[name], images, labels, key, jnp.float32(0.9))
            jax.block_until_ready((states[name], loss))
            if turn > 1:
                times[name].append(1e3 * (time.perf_counter() - start))

    device = jax.devices()[0].device_kind
    print(f"{device}, batch {options.batch}, {options.size} px, {options.dtype}")
    base = times[options.names[0]]
    for name, seen in times.items():
        ratio = statistics.median(a / b for a, b in zip(seen, base, strict=True))
        print(f"{name:8}{statistics.median(seen):10.1f} ms{ratio - 1:+8.1%}{min(seen):10.1f} min")


if __name__ == "__main__":
    main()
