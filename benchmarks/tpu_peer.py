"""The training step of train.py beside that of Flax's ImageNet example, by a TPU's own compiler.

    pip install "jax[tpu]"
    python benchmarks/tpu_peer.py --flax_example=FOLDER [--batch=128] [--size=224]

FOLDER is examples/imagenet of github.com/google/flax. Both are ResNet-50 in bfloat16 on one v5e
chip; no TPU is needed. Prints the cycles that the compiler expects a step to take, which is no
measurement, what it reads and writes, what it computes, and its memory. The example's pmap is
written as the shard_map that it stands for, which alone can be compiled for a machine that is not
there. Each row is a process of its own: both codes have a package `models`.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def ours(variant, devices, options):
    from configs.imagenet_resnet50 import get_config
    from training.config import change
    from training.run import build_run

    changes = {"batch_size": options.batch, "data.image_size": options.size}
    run = build_run(change(get_config(variant), changes), devices, without_data=True)
    return run.train_step.lower(run.abstract_state(), run.abstract_batch(train=True), run.values)


def flax_example(devices, options):
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax.sharding import Mesh, NamedSharding
    from jax.sharding import PartitionSpec as P

    from benchmarks.training_speed import flax_parts

    create_state, train_step, dtype = flax_parts(False, options)
    mesh = Mesh(np.array(devices), ("batch",))
    step = jax.shard_map(
        train_step, mesh=mesh, in_specs=(P(), P("batch")), out_specs=P(), check_vma=False
    )

    def spec(leaf, where):
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=NamedSharding(mesh, where))

    state = jax.tree.map(lambda leaf: spec(leaf, P()), jax.eval_shape(create_state))
    images = jax.ShapeDtypeStruct((options.batch, options.size, options.size, 3), dtype)
    labels = jax.ShapeDtypeStruct((options.batch,), jnp.int32)
    batch = {"image": spec(images, P("batch")), "label": spec(labels, P("batch"))}
    return jax.jit(step, donate_argnums=0).lower(state, batch)


ROWS = {
    "ours": lambda *args: ours("baseline", *args),
    "ours, DropBlock": lambda *args: ours("dropblock", *args),
    "Flax example": flax_example,
}


def print_row(options):
    """Compiles the step of one row, in a process of its own, and prints its line."""
    sys.path.insert(0, str(ROOT))
    from training.pods.cycles import estimate
    from training.pods.tpu_slice import find_slice

    program = ROWS[options.row](find_slice("v5e:1x1").devices, options).compile()
    cost, memory = program.cost_analysis(), program.memory_analysis()
    print(
        f"{options.row:18}{estimate(program.as_text()).cycles / 1e6:9.2f}"
        f"{cost['bytes accessed'] / 1e9:8.2f}{cost['flops'] / 1e12:8.3f}"
        f"{memory.peak_memory_in_bytes / 2**30:10.3f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flax_example", required=True, help="folder")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        print_row(options)
        return
    print(f"TPU v5e, 1 chip, {options.batch} images of {options.size} px, bfloat16")
    print(f"{'':18}{'Mcycles':>9}{'GB':>8}{'Tflop':>8}{'peak GiB':>10}", flush=True)
    for row in ROWS:
        subprocess.run([sys.executable, __file__, f"--row={row}", *sys.argv[1:]], check=True)


if __name__ == "__main__":
    main()
