"""The collectives of a compiled program, read from its text (optimised HLO).

Each is counted once, however it is written:

- ``all-gather-start`` and ``all-gather-done`` are one; what done returns is the result.
- XLA for TPUs carries a collective through a chain of fusions that compute meanwhile, and writes
  it into each of them: they share its channel.
- It writes a reduce-scatter as a computation named ``all-reduce-scatter``, an all-reduce of which
  every device keeps its part.
- What is in a loop counts once, not once a turn.
"""

import math
import re
from typing import NamedTuple

KINDS = (
    *("all-gather", "all-reduce", "all-to-all", "collective-broadcast", "collective-permute"),
    *("ragged-all-to-all", "reduce-scatter"),
)

_COMPUTATION = re.compile(r"(?:ENTRY )?%?(\S+) \(.*\) -> (.+) \{$")
# A result is one array or a tuple of them, whose layouts may hold brackets: f32[8,128]{1,0:T(8)}.
_COLLECTIVE = re.compile(
    r"\s+(?:ROOT )?%?(\S+) = (\((?:[^()]|\([^()]*\))*\)|\S+) "
    rf"({'|'.join(KINDS)})(?:-done)?\("
)
_CHANNEL = re.compile(r"channel_id=(\d+)")
_ARRAY = re.compile(r"([a-z]\w*)\[([\d,]*)\]")


class Traffic(NamedTuple):
    """Collectives of one kind, and the bytes of their results on one device.

    Of an all-gather that is the whole array, of a reduce-scatter the part that is kept.
    """

    count: int  # type: ignore[assignment]  # a tuple has a method of that name
    bytes: int


def collectives(program: str) -> dict[str, Traffic]:
    """Kind -> how many and how much, in the alphabet's order; kinds that do not occur are absent.

    Args:
      program: as ``jax.stages.Compiled.as_text()`` gives it.
    """
    found: dict[str, tuple[str, int]] = {}
    scattered = None  # the result of the all-reduce-scatter that the line is in
    for line in program.splitlines():
        if computation := _COMPUTATION.match(line):
            name, result = computation.groups()
            scattered = result if name.startswith("all-reduce-scatter") else None
        elif collective := _COLLECTIVE.match(line):
            name, result, kind = collective.groups()
            if scattered is not None:
                kind, result = "reduce-scatter", scattered
            channel = _CHANNEL.search(line)
            found[channel.group() if channel else name] = kind, array_bytes(result)
    return {
        kind: Traffic(len(sizes), sum(sizes))
        for kind in KINDS
        if (sizes := [size for other, size in found.values() if other == kind])
    }


def array_bytes(result: str) -> int:
    """Bytes of an array or of all arrays in a tuple, without padding."""
    return sum(
        math.prod(int(size) for size in shape.split(",") if size) * _bits(dtype) // 8
        for dtype, shape in _ARRAY.findall(result)
    )


def largest_array(result: str) -> str:
    """The array of most bytes in a result, without its layout; empty where there is none."""
    return max((array[0] for array in _ARRAY.finditer(result)), key=array_bytes, default="")


def _bits(dtype: str) -> int:
    """Of one element: f32, bf16, u4, pred, f8e4m3fn, ...; 0 for a token."""
    digits = re.search(r"\d+", dtype)
    return 8 if dtype == "pred" else int(digits.group()) if digits else 0
