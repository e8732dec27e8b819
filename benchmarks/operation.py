"""DropBlock alone, against one pass over its input and against other implementations.

    python benchmarks/operation.py [--rounds=25] [--dtype=float32] [SHAPE ...]

A shape is batch,height,width,channels. Block 7 and keep_prob 0.9 by the paper's Eq. 1, given at
run time. Times are medians in milliseconds of interleaved calls in one process, forward and
forward with backward; in brackets, how many passes (``x * 1.1``, forward) that is.

With the packages of benchmarks/requirements.txt, torchvision's and timm's DropBlock are timed too.
Their files are loaded alone, since both packages refuse to be imported beside a torch of another
build. timm draws per channel (``couple_channels=False``).
"""

import argparse
import importlib.util
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import jax.numpy as jnp

from benchmarks.ports import plain, usual_port
from dropblock import dropblock, gamma

BLOCK, KEEP_PROB = 7, 0.9
SHAPES = ["32,14,14,1024", "32,7,7,2048", "32,28,28,512"]
PORTS = {
    "one pass": lambda key, x, rate, block: x * jnp.asarray(1.1, x.dtype),
    "ours": dropblock,
    "plain path": plain,
    "usual port": usual_port,
}


def alone(package: str, path: str):
    """One file of an installed package as a module, without importing the package."""
    spec = importlib.util.find_spec(package)
    file = Path(spec.submodule_search_locations[0], path)
    module_spec = importlib.util.spec_from_file_location(f"{package}_alone_{file.stem}", file)
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module


def jax_calls(shape, dtype):
    x = jax.random.normal(jax.random.key(1), shape, dtype)
    cotangent = jax.random.normal(jax.random.key(2), shape, dtype)
    rate = jnp.float32(gamma(KEEP_PROB, shape[1:3], BLOCK))
    for name, function in PORTS.items():

        def forward(key, x, rate, function=function):
            return function(key, x, rate, BLOCK)

        def both(key, x, rate, cotangent, function=function):
            y, back = jax.vjp(lambda x: function(key, x, rate, BLOCK), x)
            return y, back(cotangent)

        run, run_both, key = jax.jit(forward), jax.jit(both), jax.random.key(0)
        yield (
            name,
            lambda run=run, key=key: jax.block_until_ready(run(key, x, rate)),
            lambda run=run_both, key=key: jax.block_until_ready(run(key, x, rate, cotangent)),
        )


def torch_calls(shape):
    import torch

    batch, height, width, channels = shape
    # Theirs are channels-first; contiguous is their fastest layout on a CPU.
    x = torch.randn(batch, channels, height, width)
    cotangent = torch.randn_like(x)
    torchvision = load_torchvision()
    functions = {
        "torchvision": lambda x: torchvision(x, 1 - KEEP_PROB, BLOCK),
        "timm": alone("timm", "layers/drop.py").DropBlock2d(
            1 - KEEP_PROB, BLOCK, couple_channels=False
        ),
    }
    for name, function in functions.items():

        def forward(function=function):
            with torch.no_grad():
                function(x)

        def both(function=function):
            leaf = x.detach().requires_grad_()
            function(leaf).backward(cotangent)

        yield name, forward, both


def load_torchvision():
    import types

    # drop_block.py imports its package's logger only.
    package = types.ModuleType("torchvision_alone")
    utils = types.ModuleType("torchvision_alone.utils")
    utils._log_api_usage_once = lambda function: None
    sys.modules |= {"torchvision_alone": package, "torchvision_alone.utils": utils}
    file = Path(
        importlib.util.find_spec("torchvision").submodule_search_locations[0], "ops/drop_block.py"
    )
    source = file.read_text().replace("from ..utils", "from torchvision_alone.utils")
    source = source.replace("torch.fx.wrap", "(lambda name: None)")
    scope = {"__name__": "torchvision_drop_block"}
    exec(compile(source, str(file), "exec"), scope)
    return scope["drop_block2d"]


def medians(calls, rounds):
    """Median milliseconds of each call; the calls take turns, so that all see the same noise."""
    times = [[] for _ in calls]
    for turn in range(rounds + 2):
        for call, seen in zip(calls, times, strict=True):
            # The call before left its own arrays in the caches and in the allocator.
            call()
            start = time.perf_counter()
            call()
            if turn > 1:
                seen.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(seen) for seen in times]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", nargs="*", default=SHAPES)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    print(f"{jax.devices()[0].device_kind}, {options.dtype}, block {BLOCK}, keep {KEEP_PROB}")
    print(f"{'':16}{'':12}{'forward':>18}{'with backward':>20}")
    for text in options.shapes:
        shape = tuple(map(int, text.split(",")))
        # Not in turns with torch: its threads spin on the cores for a while after every call.
        groups = [list(jax_calls(shape, options.dtype))]
        if jax.default_backend() == "cpu" and options.dtype == "float32":
            try:
                groups.append(list(torch_calls(shape)))
            except (ImportError, AttributeError) as error:
                print(f"no rows for torchvision and timm: {error}")
        one_pass = None
        for rows in groups:
            forward = medians([row[1] for row in rows], options.rounds)
            both = medians([row[2] for row in rows], options.rounds)
            one_pass = one_pass or forward[0]
            for (name, *_), one, two in zip(rows, forward, both, strict=True):
                print(
                    f"{text:16}{name:12}{one:10.2f} ({one / one_pass:5.1f})"
                    f"{two:12.2f} ({two / one_pass:5.1f})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
