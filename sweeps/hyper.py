"""The words of a config's ``get_hyper(hyper)``: a grid is a list of runs, a run what it changes.

    def get_hyper(hyper):
        return hyper.product([
            hyper.sweep("config.regularizer.keep_prob", [0.8, 0.9]),
            hyper.sweep("config.seed", [0, 1, 2]),
        ])

The names are those of Scenic and big_vision.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

#: One dict a run: ``"config.FIELD"`` -> value.
Grid = list[dict[str, Any]]


def sweep(field: str, values: Iterable[Any]) -> Grid:
    """One run for each value of a field."""
    return [{field: value} for value in values]


def fixed(field: str, value: Any, length: int = 1) -> Grid:
    """A field at one value, in so many runs."""
    return [{field: value}] * length


def product(grids: Sequence[Grid]) -> Grid:
    """Every combination of runs of the grids; those of the last grid vary fastest."""
    return [_join(runs) for runs in itertools.product(*grids)]


def zipit(grids: Sequence[Grid]) -> Grid:
    """The first runs of all grids as one run, the second ones, ...; a grid of one run repeats.

    Raises:
      ValueError: grids of different lengths.
    """
    longest = max(map(len, grids), default=0)
    if any(len(grid) not in (1, longest) for grid in grids):
        raise ValueError(f"hyper.zipit got grids of {[len(grid) for grid in grids]} runs.")
    grids = [list(grid) * (longest if len(grid) == 1 else 1) for grid in grids]
    return [_join(runs) for runs in zip(*grids, strict=True)]


def chainit(grids: Iterable[Grid]) -> Grid:
    """The runs of all grids, one grid after the other."""
    return list(itertools.chain(*grids))


def _join(runs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for run in runs:
        if twice := joined.keys() & run.keys():
            raise ValueError(f"the grid sets {', '.join(sorted(twice))} twice in one run.")
        joined |= run
    return joined
