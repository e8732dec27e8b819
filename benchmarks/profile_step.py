"""Where the time of a ResNet-50 training step goes, by kind of instruction.

    python benchmarks/profile_step.py [--variant=dropblock] [--batch=256] [--size=224] [--steps=10]

The step is train.py's, on one batch of noise. Each instruction of the compiled program that ran is
counted under the first of KINDS that fits it, forward or backward by the name that JAX gave it. A
fusion that holds a convolution counts as one, whatever else it does. "idle" is wall time in which
no instruction ran: gaps that the host leaves. On a CPU instructions run in parallel, so that times
are sums over threads.
"""

import argparse
import collections
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
from jax.profiler import ProfileData

from benchmarks.training_speed import WARM_UP, our_run
from training.pods.kinds import KINDS, instructions, kind_of


def events(folder: str):
    """Yields (instruction, start, duration) in nanoseconds, of all instructions that ran."""
    (file,) = Path(folder).glob("**/*.xplane.pb")
    for plane in ProfileData.from_file(str(file)).planes:
        for line in plane.lines:
            for event in line.events:
                if name := dict(event.stats).get("hlo_op"):
                    yield str(name), event.start_ns, event.duration_ns


def busy(spans: list[tuple[float, float]]) -> float:
    """Returns the nanoseconds covered by at least one of the spans (start, end)."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variant", default="dropblock")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    # On a GPU, what runs as one CUDA graph could not be told apart.
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_enable_command_buffer="
    run, state, batch = our_run(options.variant, options)
    program = run.train_step.lower(state, batch, run.values).compile()
    texts = instructions(program.as_text())
    for _ in range(WARM_UP):
        state, _ = program(state, batch, run.values)
    jax.block_until_ready(state)
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            start = time.perf_counter()
            for _ in range(options.steps):
                state, _ = program(state, batch, run.values)
            jax.block_until_ready(state)
            wall = time.perf_counter() - start
        # A call's time holds that of what it calls, which is there too.
        ran = [event for event in events(folder) if " call(" not in texts.get(event[0], " call(")]
    times: collections.Counter = collections.Counter()
    for name, _, duration in ran:
        times[kind_of(texts[name])] += duration / 1e6 / options.steps
    total = sum(times.values())
    idle = 1e3 * wall - busy([(s, s + d) for _, s, d in ran]) / 1e6
    print(
        f"{jax.devices()[0].device_kind}, {options.variant}, batch {options.batch}, "
        f"{options.size} px: {1e3 * wall / options.steps:.1f} ms a step, "
        f"idle {idle / 10 / wall:.1f} %"
    )
    print(f"{'':26}{'forward ms':>12}{'backward ms':>12}{'share':>8}")
    for kind in KINDS:
        forward, backward = times[kind, False], times[kind, True]
        share = (forward + backward) / total
        print(f"{kind:26}{forward:12.2f}{backward:12.2f}{share:8.1%}")


if __name__ == "__main__":
    main()
