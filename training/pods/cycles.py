"""What a TPU's compiler expects a program to take, read from its text (optimised HLO).

It writes into each fusion, convolution and copy how many cycles it expects of it. That is a model,
by which it chooses between programs, and no measurement; what is copied beside other work, and
collectives, have no cycles.

- The body of a loop counts as often as the loop turns. Where the text does not say how often, the
  loop is taken to turn once, and is listed.
- Of a conditional the branch that takes longest counts.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Loop(NamedTuple):
    """A loop; ``turns`` is None where the program does not say how often it turns."""

    name: str
    turns: int | None


class Estimate(NamedTuple):
    """Of one run of a program on each device.

    Attributes:
      instructions: (name, cycles of all its turns) of each that has an estimate.
      loops: in the order in which they run.
    """

    instructions: list[tuple[str, int]]
    loops: list[Loop]

    @property
    def cycles(self) -> int:
        """Of all instructions."""
        return sum(cycles for _, cycles in self.instructions)


_COMPUTATION = re.compile(r"(ENTRY )?%?([^\s(]+) \(.*\{$")
_NAME = re.compile(r"\s+(?:ROOT )?%?(\S+) = ")
_CYCLES = re.compile(r'"estimated_cycles":"(\d+)"')
_CALL = re.compile(r" call\(.* to_apply=%?([^\s,]+)")
_BRANCHES = re.compile(r" conditional\(.* branch_computations=\{([^}]*)\}")
_LOOP = re.compile(r" while\(.* condition=%?([^\s,]+), body=%?([^\s,]+)")
_TURNS = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
# As JAX writes a loop of a fixed number of turns, counting from 0.
_BOUND = re.compile(r"ROOT \S+ = pred\[\]\S* compare\(\S+, %?(\S+)\), direction=LT")
_CONSTANT = re.compile(r"\s+%?(\S+) = s32\[\]\S* constant\((\d+)\)")


def estimate(program: str) -> Estimate:
    """Adds up the cycles of a program for TPUs.

    Args:
      program: as ``jax.stages.Compiled.as_text()`` gives it.
    """
    computations: dict[str, list[str]] = {"": []}
    entry = name = ""
    for line in program.splitlines():
        if header := _COMPUTATION.match(line):
            name = header[2]
            entry = name if header[1] else entry
        computations.setdefault(name, []).append(line)
    return _of_computation(computations, entry)


def _of_computation(computations: dict[str, list[str]], name: str) -> Estimate:
    whole = Estimate([], [])
    for line in computations.get(name, []):
        own = _NAME.match(line)
        if own and (cycles := _CYCLES.search(line)):
            whole.instructions.append((own[1], int(cycles[1])))
        if own and (loop := _LOOP.search(line)):
            known = _TURNS.search(line)
            turns = int(known[1]) if known else _bound(computations.get(loop[1], []))
            whole.loops.append(Loop(own[1], turns))
            _add(whole, _of_computation(computations, loop[2]), 1 if turns is None else turns)
        elif parts := [_of_computation(computations, name) for name in _called(line)]:
            _add(whole, max(parts, key=lambda part: part.cycles), 1)
    return whole


def _add(whole: Estimate, part: Estimate, turns: int) -> None:
    whole.instructions.extend((name, turns * cycles) for name, cycles in part.instructions)
    whole.loops.extend(part.loops)


def _called(line: str) -> Iterator[str]:
    """The computations of which an instruction, no loop, runs one."""
    if call := _CALL.search(line):
        yield call[1]
    if branches := _BRANCHES.search(line):
        yield from (name.strip().removeprefix("%") for name in branches[1].split(","))


def _bound(condition: list[str]) -> int | None:
    """The constant that a loop's counter has to stay below."""
    constants = {found[1]: int(found[2]) for line in condition if (found := _CONSTANT.match(line))}
    bounds = [found[1] for line in condition if (found := _BOUND.search(line))]
    return constants.get(bounds[0]) if bounds else None
