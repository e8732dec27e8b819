"""1x1 convolutions as matrix products against the convolutions that they stand for.

    python benchmarks/pixel_convolutions.py [--batch=16] [--rounds=15] [--dtype=float32]

The 1x1 convolutions of ResNet-50 at 224 px. A row has the milliseconds of XLA's convolution and how
many times as fast models/layers/convolution.py is: forward, the input's gradient, the kernel's.
Medians of interleaved calls in one process.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
from flax import nnx

from models.layers.convolution import convolution

#: Side of the input, channels in and out, stride.
LAYERS = [
    *((56, 64, 256, 1), (56, 256, 64, 1), (56, 256, 512, 2), (28, 128, 512, 1), (28, 512, 128, 1)),
    *((28, 512, 1024, 2), (14, 256, 1024, 1), (14, 1024, 256, 1), (14, 1024, 2048, 2)),
    *((7, 512, 2048, 1), (7, 2048, 512, 1)),
]


def calls(layer, x):
    """The layer's three computations, compiled."""
    graph, params = nnx.split(layer)

    def forward(params, x):
        return nnx.merge(graph, params)(x)

    y = forward(params, x)
    return [
        (jax.jit(forward), (params, x)),
        (
            jax.jit(lambda params, x, y: jax.vjp(lambda x: forward(params, x), x)[1](y)),
            (params, x, y),
        ),
        (
            jax.jit(lambda params, x, y: jax.vjp(lambda p: forward(p, x), params)[1](y)),
            (params, x, y),
        ),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    print(f"{jax.default_backend()}, batch {options.batch}, {options.dtype}")
    print(f"{'side, in, out, stride':24}{'forward':>16}{'input':>16}{'kernel':>16}")
    for side, inputs, outputs, stride in LAYERS:
        x = jax.random.normal(jax.random.key(0), (options.batch, side, side, inputs), options.dtype)
        cells = []
        layers = [
            make(
                inputs, outputs, (1, 1), stride,
                use_bias=False, dtype=options.dtype, rngs=nnx.Rngs(0),
            )
            for make in (nnx.Conv, convolution)
        ]  # fmt: skip
        for pair in zip(*(calls(layer, x) for layer in layers), strict=True):
            seconds = [[], []]
            for _ in range(options.rounds + 1):
                for times, (function, arguments) in zip(seconds, pair, strict=True):
                    start = time.perf_counter()
                    jax.block_until_ready(function(*arguments))
                    times.append(time.perf_counter() - start)
            theirs, ours = (1e3 * statistics.median(times[1:]) for times in seconds)
            cells.append(f"{theirs:8.1f} ({theirs / ours:.1f})")
        print(
            f"{f'{side}, {inputs}, {outputs}, {stride}':24}" + "".join(f"{c:>16}" for c in cells),
            flush=True,
        )


if __name__ == "__main__":
    main()
