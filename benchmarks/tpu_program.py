"""What DropBlock adds to a TPU's training step, by the TPU's own compiler; no TPU is needed.

    pip install "jax[tpu]"
    python benchmarks/tpu_program.py [--topology=v5e:2x2] [--batch=128] [--size=224] [OPERATION...]

Prints one line an operation, of each chip: the cycles that the compiler expects the step to take
(training/pods/cycles.py), which is no measurement, bytes accessed, flops, peak memory, collectives
and loops.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from benchmarks import step_program
from training.pods.cycles import estimate
from training.pods.hlo import collectives
from training.pods.tpu_slice import find_slice


def compile_step(operation, devices, batch, size, dtype):
    mesh = Mesh(np.array(devices), ("data",))
    whole = NamedSharding(mesh, PartitionSpec())
    split = NamedSharding(mesh, PartitionSpec("data"))
    total = batch * len(devices)
    initialise, step = step_program.make_step(operation, dtype)
    spec = lambda shape, dtype, where: jax.ShapeDtypeStruct(shape, dtype, sharding=where)  # noqa: E731
    state = jax.tree.map(
        lambda leaf: spec(leaf.shape, leaf.dtype, whole), jax.eval_shape(initialise)
    )
    key = jax.eval_shape(lambda: jax.random.key(0))
    arguments = (
        state,
        spec((total, size, size, 3), dtype, split),
        spec((total,), jnp.int32, split),
        spec(key.shape, key.dtype, whole),
        spec((), jnp.float32, whole),
    )
    shardings = (jax.tree.map(lambda _: whole, state), whole)
    return jax.jit(step, donate_argnums=0, out_shardings=shardings).lower(*arguments).compile()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("operations", nargs="*", default=["none", "ours", "plain"])
    parser.add_argument("--topology", default="v5e:2x2")
    parser.add_argument("--batch", type=int, default=128, help="images a chip")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--dump", help="folder for the optimised programs")
    options = parser.parse_args()
    devices = find_slice(options.topology).devices
    print(f"{len(devices)} x {devices[0].device_kind}, {options.batch} images each, bfloat16")
    print(f"{'':8}{'Mcycles':>9}{'':>8}{'GB':>8}{'':>8}{'Tflop':>8}{'peak GB':>9}  collectives")
    first = None
    for operation in options.operations:
        start = time.time()
        program = compile_step(operation, devices, options.batch, options.size, jnp.bfloat16)
        cost, memory, text = program.cost_analysis(), program.memory_analysis(), program.as_text()
        expected = estimate(text)
        cycles, gigabytes = expected.cycles / 1e6, cost["bytes accessed"] / 1e9
        first = first or (cycles, gigabytes)
        counts = ", ".join(f"{part.count} {kind}" for kind, part in collectives(text).items())
        peak = (memory.temp_size_in_bytes + memory.argument_size_in_bytes) / 1e9
        print(
            f"{operation:8}{cycles:9.2f}{cycles / first[0] - 1:+8.1%}"
            f"{gigabytes:8.2f}{gigabytes / first[1] - 1:+8.1%}{cost['flops'] / 1e12:8.3f}"
            f"{peak:9.2f}  {counts}, {len(expected.loops)} loops ({time.time() - start:.0f} s)",
            flush=True,
        )
        if options.dump:
            Path(options.dump, f"{operation}.hlo").write_text(text)


if __name__ == "__main__":
    main()
