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
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
from jax.profiler import ProfileData

from benchmarks.training_speed import WARM_UP, our_run

#: kind -> what the instruction's text, with that of the computations it calls, has in it
KINDS = {
    "convolution": re.compile(r" convolution\(|custom_call_target=\"[^\"]*[cC]onv"),
    "matrix product": re.compile(r" dot\(|custom_call_target=\"[^\"]*([gG]emm|matmul)"),
    "DropBlock": re.compile(r"op_name=\"[^\"]*dropblock"),
    "sums (batch norm)": re.compile(r" reduce\("),
    "pooling": re.compile(r" (reduce-window|select-and-scatter)\("),
    "copies": re.compile(r" (copy|transpose)\("),
    "element-wise and the rest": re.compile(""),
}
BACKWARD = re.compile(r'op_name="[^"]*transpose\(')


def instructions(program: str) -> dict[str, str]:
    """Maps each instruction of an optimised HLO program to its text and that of all it calls."""
    bodies: dict[str, list[str]] = {}
    readers: dict[str, str] = {}
    own, computation = {}, ""
    for line in program.splitlines():
        if header := re.match(r"(?:ENTRY )?%?([\w.-]+) .*\{$", line):
            computation = header[1]
        elif found := re.match(r"\s+(?:ROOT )?%?([\w.-]+) = ", line):
            own[found[1]] = line
            bodies.setdefault(computation, []).append(line)
            for operand in re.findall(r"%([\w.-]+)", line.partition(" = ")[2]):
                readers.setdefault(operand, line)

    def whole(line: str) -> str:
        called = re.findall(r"(?:calls|to_apply|body)=%?([\w.-]+)", line)
        # A reduction's own to_apply is its sum, of no interest.
        inner = [] if " reduce" in line else [part for c in called for part in bodies.get(c, [])]
        return "\n".join([line, *map(whole, inner)])

    def named(name: str, text: str) -> str:
        """With JAX's name of what reads it, where the compiler left it without one."""
        reader = re.search(r'op_name="[^"]*"', readers.get(name, ""))
        return text if "op_name" in text or not reader else f"{text} {reader[0]}"

    return {name: named(name, whole(line)) for name, line in own.items()}


def kind_of(text: str) -> tuple[str, bool]:
    """Returns an instruction's kind, and whether it belongs to the backward pass."""
    kind = next(kind for kind, pattern in KINDS.items() if pattern.search(text))
    return kind, bool(BACKWARD.search(text))


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
