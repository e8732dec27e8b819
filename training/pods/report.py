"""One training step compiled for a TPU slice that is not there: what it would need.

No TPU and no data are needed, only the compiler: ``pip install "jax[tpu]"``.
"""

import collections
import dataclasses
import time
from typing import TYPE_CHECKING, Any

from ml_collections import ConfigDict

from training.config import one_line_errors
from training.pods.cycles import Estimate, estimate
from training.pods.hlo import Traffic, collectives
from training.pods.kinds import KINDS, describe, instructions, kind_of
from training.pods.tpu_slice import Slice, find_slice
from training.printed import binary, decimal, row

if TYPE_CHECKING:
    from training.run import Run

#: How many of the instructions that take most are listed.
LARGEST = 10


def compile_for(config: ConfigDict, name: str) -> int:
    """Prints what a training step of the config needs on the slice called ``name``.

    Call it before JAX is used. Where there is no such slice, no compiler, or the config does not
    fit the slice, it exits with one line and code 2.

    Returns:
      An exit code: 0 if the step fits the devices' memory, 1 if it does not.
    """
    with one_line_errors():
        tpus = find_slice(name)

        from training.run import build_run

        run = build_run(config, tpus.devices, without_data=True)
    _print_slice(tpus, run)
    try:
        needs = measure(run)
    except DoesNotFit as error:
        row("memory", f"does not fit {binary(tpus.kind.hbm)} a {_device(tpus)}: {error}")
        return 1
    _print_needs(tpus, needs)
    _print_estimate(tpus, run, needs)
    row("compilation", f"{needs.lowering:.0f} s of lowering, {needs.compiling:.0f} s after it")
    return 0 if needs.peak <= tpus.kind.hbm else 1


@dataclasses.dataclass(frozen=True)
class Needs:
    """What one step needs of each device; but for the estimate, the body of a loop counts once.

    Attributes:
      arguments: bytes of the state and of the device's rows of the batch.
      temporaries: bytes set aside for activations, gradients and the like.
      peak: bytes in use at once, arguments among them.
      flops: operations.
      bytes_accessed: what every operation reads and writes.
      traffic: kind of collective -> how many and how much.
      estimate: what the compiler expects each instruction to take.
      by_kind: kind of instruction -> cycles of all of that kind.
      largest: cycles of each of the instructions that take most, and what it is.
      lowering: seconds from Python to the compiler's input.
      compiling: seconds from there to the program.
    """

    arguments: int
    temporaries: int
    peak: int
    flops: float
    bytes_accessed: float
    traffic: dict[str, Traffic]
    estimate: Estimate
    by_kind: dict[str, int]
    largest: list[tuple[int, str]]
    lowering: float
    compiling: float


class DoesNotFit(Exception):
    """The compiler found no room for the program: its own words, with its numbers."""


def measure(run: "Run") -> Needs:
    """Compiles a run's training step for the devices of its mesh.

    Raises:
      DoesNotFit: it needs more memory than they have.
    """
    import jax

    start = time.perf_counter()
    lowered = run.train_step.lower(run.abstract_state(), run.abstract_batch(train=True), run.values)
    lowering = time.perf_counter() - start
    try:
        program = lowered.compile()
    except jax.errors.JaxRuntimeError as error:
        reason, _, words = str(error).partition(": ")
        if reason != "RESOURCE_EXHAUSTED":
            raise
        raise DoesNotFit(" ".join(words.partition("\n\n")[0].split())) from error
    compiling = time.perf_counter() - start - lowering
    memory: Any = program.memory_analysis()
    cost: Any = program.cost_analysis()
    text = program.as_text() or ""
    expected, texts = estimate(text), instructions(text)
    return Needs(
        arguments=memory.argument_size_in_bytes,
        temporaries=memory.temp_size_in_bytes,
        peak=memory.peak_memory_in_bytes,
        flops=cost["flops"],
        bytes_accessed=cost["bytes accessed"],
        traffic=collectives(text),
        estimate=expected,
        by_kind=_by_kind(expected, texts),
        largest=_largest(expected, texts),
        lowering=lowering,
        compiling=compiling,
    )


def _by_kind(expected: Estimate, texts: dict[str, str]) -> dict[str, int]:
    cycles = collections.Counter(dict.fromkeys(KINDS, 0))
    for name, own in expected.instructions:
        cycles[kind_of(texts[name])[0]] += own
    return dict(cycles)


def _largest(expected: Estimate, texts: dict[str, str]) -> list[tuple[int, str]]:
    cycles: collections.Counter[str] = collections.Counter()
    for name, own in expected.instructions:
        cycles[name] += own
    return [(own, describe(texts[name])) for name, own in cycles.most_common(LARGEST)]


def _print_slice(tpus: Slice, run: "Run") -> None:
    devices, batch = len(tpus.devices), run.config.batch_size
    cores = f", devices {devices}" if devices > tpus.chips else ""
    kind = tpus.devices[0].device_kind
    row(tpus.name, f"{kind}, chips {tpus.chips}{cores}, processes {tpus.processes}")
    row("mesh", ", ".join(f"{name} {size}" for name, size in run.mesh.shape.items()))
    row("batch", f"{batch}, {batch // devices} a {_device(tpus)}")


def _print_needs(tpus: Slice, needs: Needs) -> None:
    device, count = _device(tpus), len(tpus.devices)
    fits = "fits" if needs.peak <= tpus.kind.hbm else "does not fit"
    row("memory", f"{fits}: {binary(needs.peak)} of {binary(tpus.kind.hbm)} a {device}")
    row("  arguments", f"{binary(needs.arguments)}, the state and its part of the batch")
    row("  temporaries", binary(needs.temporaries))
    row("operations", f"{decimal(needs.flops)}flop a {device}")
    row("", f"{decimal(needs.flops * count)}flop a step")
    row("accessed", f"{decimal(needs.bytes_accessed)}B a {device}")
    for kind, traffic in needs.traffic.items():
        row(kind, f"{traffic.count}, {decimal(traffic.bytes)}B of results a {device}")


def _print_estimate(tpus: Slice, run: "Run", needs: Needs) -> None:
    cycles = needs.estimate.cycles
    seconds = cycles / tpus.kind.clock
    images = run.config.batch_size / tpus.chips / seconds
    used = needs.flops / (seconds * tpus.kind.peak)
    row("estimate", "the compiler's own model, in which collectives take no time; not measured")
    row("  cycles", f"{decimal(cycles)} a {_device(tpus)}")
    row(
        "  time",
        f"{1e3 * seconds:.4g} ms a step, {images:,.0f} examples/s a chip at "
        f"{tpus.kind.clock / 1e9:.3g} GHz: {decimal(tpus.kind.peak)}flop/s by Google's page, "
        f"{tpus.kind.per_cycle:,} a cycle",
    )
    row("  utilisation", f"{used:.1%} of these, of all operations")
    for kind, own in needs.by_kind.items():
        if own:
            row(f"  {100 * own / cycles:5.1f} %", kind)
    for rank, (own, what) in enumerate(needs.largest):
        row("  largest" if rank == 0 else "", f"{what}: {100 * own / cycles:.1f} %")
    for loop in needs.estimate.loops:
        turns = "1, which is assumed" if loop.turns is None else loop.turns
        row("  loop", f"{loop.name}, turns {turns}")


def _device(tpus: Slice) -> str:
    return "chip" if len(tpus.devices) == tpus.chips else "device"
