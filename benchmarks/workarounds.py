"""Times what the library does for one platform's sake against the other way, on this device.

    python benchmarks/workarounds.py [--rounds=30] [SHAPE]

A shape is batch,height,width,channels. Medians in milliseconds. "without" what is a workaround,
which may go where the time stays the same; "by" the sampler of CPUs and that of accelerators.
"""

import argparse
import contextlib
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import jax.numpy as jnp

from dropblock import (
    _masked_multiply,
    _seeds,
    _seeds_by_decoding,
    _seeds_by_gaps,
    dropblock,
    gamma,
)

SAMPLERS = {"by gaps": _seeds_by_gaps, "by decoding": _seeds_by_decoding}


def variants():
    """Name -> the patch that makes it."""
    yield "as it is", contextlib.nullcontext
    yield (
        "without scale / scale",
        lambda: mock.patch.object(_masked_multiply, "multiply", lambda x, scale: x * scale),
    )
    for name, sampler in SAMPLERS.items():
        yield (
            name,
            lambda sampler=sampler: mock.patch.object(_seeds, "seed_words", sampler.seed_words),
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", nargs="?", default="32,14,14,1024")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    shape = tuple(map(int, options.shape.split(",")))
    key, x = jax.random.key(0), jnp.ones(shape)
    rate = jnp.float32(gamma(0.9, shape[1:-1], 7))
    programs = {}
    for name, patch in variants():
        jax.clear_caches()
        with patch():
            # A function of its own: JAX would not trace one that it has seen again.
            forward = jax.jit(lambda key, x, rate: dropblock(key, x, rate, 7))
            programs[name] = forward.lower(key, x, rate).compile()
    times = {name: [] for name in programs}
    for _ in range(options.rounds):
        for name, program in programs.items():
            jax.block_until_ready(program(key, x, rate))
            start = time.perf_counter()
            jax.block_until_ready(program(key, x, rate))
            times[name].append(1e3 * (time.perf_counter() - start))
    print(f"{jax.devices()[0].device_kind}, {options.shape}")
    for name, seen in times.items():
        print(f"{name:24}{statistics.median(seen):8.2f}")


if __name__ == "__main__":
    main()
