"""Images a second of whole ResNet-50 training steps: ours, the Flax example's and timm's.

    python benchmarks/training_speed.py [--flax_example=FOLDER] [--batch=256] [--size=224]
        [--steps=50] [--rounds=3] [ROW ...]

Measures the wall time of ``steps`` steps after 5 that do not count, on one device and one batch of
noise that stays there. Each row is a process of its own with the whole memory; rows take turns, and
the table has medians over the rounds. Peak memory is the allocator's; CPUs do not report it.

FOLDER is examples/imagenet of github.com/google/flax: its own model, step and pmap, in its half
precision (float16 with a dynamic scale on GPUs) and in bfloat16. timm's ResNet-50 runs
channels-last, in bfloat16 by autocast, through torch.compile. Rows whose packages are missing say
so (benchmarks/requirements.txt).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[1]
WARM_UP = 5
#: Does one training step and returns its loss, a scalar that may not be computed yet.
Step = Callable[[], object]


def ours(variant: str, options) -> Step:
    """Makes the step that train.py runs with a variant of configs/imagenet_resnet50.py."""
    run, state, batch = our_run(variant, options)

    def step():
        nonlocal state
        state, scalars = run.train_step(state, batch, run.values)
        return scalars["loss"]

    return step


def our_run(variant: str, options) -> tuple:
    """Returns the run, its first state and a batch of noise on the device."""
    sys.path.insert(0, str(ROOT))
    import numpy as np

    from configs.imagenet_resnet50 import get_config
    from training.config import change
    from training.devices import send
    from training.run import build_run
    from training.stop import StopRequest

    changes = {"batch_size": options.batch, "data.image_size": options.size, "steps": 10**6}
    run = build_run(change(get_config(variant), changes), without_data=True)
    rng = np.random.default_rng(0)
    batch = {
        name: rng.integers(0, 2 if shape.dtype == bool else 256, shape.shape).astype(shape.dtype)
        for name, shape in run.task.batch_shapes(train=True).items()
    }
    return run, run.init_state(), send(run.mesh, batch, StopRequest())


def flax_example(half_precision: bool, options) -> Step:
    """Makes the step of the Flax example: its train_step under pmap, as its train_and_evaluate."""
    if not options.flax_example:
        raise ImportError("--flax_example is not given")
    import jax
    from flax import jax_utils

    create_state, train_step, dtype = flax_parts(half_precision, options)
    state = jax_utils.replicate(create_state())
    train_step = jax.pmap(train_step, axis_name="batch")
    shape = (1, options.batch, options.size, options.size, 3)
    batch = {
        "image": jax.random.normal(jax.random.key(1), shape, dtype),
        "label": jax.random.randint(jax.random.key(2), shape[:2], 0, 1000),
    }

    def step():
        nonlocal state
        state, metrics = train_step(state, batch)
        return metrics["loss"][0]

    return step


def flax_parts(half_precision: bool, options) -> tuple[Callable, Callable, object]:
    """Returns the example's ``() -> state``, its train_step and the dtype of its images."""
    # `models` is the example's here.
    sys.path = [options.flax_example, *(path for path in sys.path if path != str(ROOT))]
    import functools

    import jax
    import jax.numpy as jnp
    from flax.training import checkpoints, train_state  # noqa: F401, before TensorFlow is a mock
    from ml_collections import ConfigDict

    # The example's input pipeline and log are not used.
    for name in ("tensorflow", "tensorflow_datasets", "clu", "input_pipeline"):
        sys.modules[name] = mock.MagicMock(__spec__=ModuleSpec(name, None))
    import models
    import train

    config = ConfigDict(
        {"half_precision": half_precision, "momentum": 0.9, "warmup_epochs": 5, "num_epochs": 100}
    )
    if half_precision:
        model = train.create_model(model_cls=models.ResNet50, half_precision=True)
    else:
        model = models.ResNet50(num_classes=1000, dtype=jnp.bfloat16)
    rate = train.create_learning_rate_fn(config, 0.1 * options.batch / 256, 1251)
    create_state = functools.partial(
        train.create_train_state, jax.random.key(0), config, model, options.size, rate
    )
    return create_state, functools.partial(train.train_step, learning_rate_fn=rate), model.dtype


def timm_model(drop_block_rate: float, options) -> Step:
    import timm
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = timm.create_model("resnet50", drop_block_rate=drop_block_rate)
    model = model.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    images = torch.randn(options.batch, 3, options.size, options.size, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 1000, (options.batch,), device=device)
    compiled = torch.compile(model)

    def step():
        with torch.autocast(device, torch.bfloat16):
            loss = torch.nn.functional.cross_entropy(compiled(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


ROWS: dict[str, Callable[..., Step]] = {
    "ours": lambda options: ours("baseline", options),
    "ours, DropBlock": lambda options: ours("dropblock", options),
    "Flax example": lambda options: flax_example(True, options),
    "Flax example, bfloat16": lambda options: flax_example(False, options),
    "timm": lambda options: timm_model(0.0, options),
    "timm, DropBlock": lambda options: timm_model(0.1, options),
}


def measure(options) -> dict:
    """Measures one row, in a process of its own, which prints the result."""
    step = ROWS[options.row](options)
    for _ in range(WARM_UP):
        loss = step()
    float(loss)
    start = time.perf_counter()
    for _ in range(options.steps):
        loss = step()
    # The last loss needs every step before it.
    value = float(loss)
    seconds = time.perf_counter() - start
    rate = options.batch * options.steps / seconds
    return {"rate": rate, "loss": value, **device_and_peak()}


def device_and_peak() -> dict:
    if "torch" in sys.modules:
        import torch

        if not torch.cuda.is_available():
            return {"device": "cpu", "peak": None}
        return {"device": torch.cuda.get_device_name(), "peak": torch.cuda.max_memory_allocated()}
    import jax

    device = jax.devices()[0]
    return {
        "device": device.device_kind,
        "peak": (device.memory_stats() or {}).get("peak_bytes_in_use"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", default=list(ROWS), help=f"of {list(ROWS)}")
    parser.add_argument("--flax_example", help="folder")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        print(json.dumps(measure(options)))
        return
    seen: dict[str, list[dict]] = {name: [] for name in options.rows}
    for turn in range(options.rounds):
        for name in list(seen):
            print(f"round {turn + 1} of {options.rounds}: {name}", file=sys.stderr, flush=True)
            child = subprocess.run(
                [sys.executable, __file__, f"--row={name}", *sys.argv[1:]],
                capture_output=True,
                text=True,
                env={"CUDA_VISIBLE_DEVICES": "0"} | os.environ,
            )
            if child.returncode:
                print(f"no row for {name}: {child.stderr.strip().splitlines()[-1]}")
                del seen[name]
            else:
                seen[name].append(json.loads(child.stdout.splitlines()[-1]))
    if not any(seen.values()):
        sys.exit("error: no row could be measured")
    device = next(results[0]["device"] for results in seen.values())
    print(f"{device}, batch {options.batch}, {options.size} px, {options.steps} steps")
    print(f"{'':24}{'images/s':>10}{'lowest':>10}{'highest':>10}{'to the first':>14}{'peak GB':>9}")
    first = None
    for name, results in seen.items():
        rates = [result["rate"] for result in results]
        middle = statistics.median(rates)
        first = first or middle
        peak = results[0]["peak"]
        print(
            f"{name:24}{middle:10.1f}{min(rates):10.1f}{max(rates):10.1f}{middle / first:12.2f} x"
            f"{f'{peak / 1e9:.2f}' if peak else '':>9}"
        )


if __name__ == "__main__":
    main()
