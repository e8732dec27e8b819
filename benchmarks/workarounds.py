"""Times the library's compiler workarounds against what they replace, on the present device.

    python benchmarks/workarounds.py [--rounds=30] [SHAPE]

A shape is batch,height,width,channels. Medians in milliseconds. Where the two times of a
workaround are alike on the platform that it is for, it may go.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import jax.numpy as jnp

from dropblock import _by_platform, _masked_multiply, dropblock, gamma

COPIES = {f"grow by {n} copies": n for n in (2, 8)}


def variants():
    """Name -> the patch that makes it."""
    yield (
        "as it is",
        lambda: mock.patch.object(_masked_multiply, "multiply", _masked_multiply.multiply),
    )
    yield (
        "without scale / scale",
        lambda: mock.patch.object(_masked_multiply, "multiply", lambda x, scale: x * scale),
    )
    for name in ("set_bits_by_scatter", "set_bits_by_comparing"):
        yield (
            name,
            lambda name=name: mock.patch.object(
                _by_platform, "set_bits", getattr(_by_platform, name)
            ),
        )
    for name, copies in COPIES.items():
        yield (
            name,
            lambda copies=copies: mock.patch.object(
                _by_platform,
                "grow",
                lambda words, size, axis: _by_platform.grow_by_copies(words, size, axis, copies),
            ),
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
