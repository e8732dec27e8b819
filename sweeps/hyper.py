"""The words of a config's ``get_hyper(hyper)``: a grid is a list of runs, a run what it changes.

    def get_hyper(hyper):
        return hyper.product([
            hyper.sweep("config.regularizer.keep_prob", [0.8, 0.9]),
            hyper.sweep("config.seed", [0, 1, 2]),
        ])

The names are those of Scenic and big_vision. Wherever a grid is taken, any iterable of runs is one,
and so is a single run.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

#: ``"config.FIELD"`` -> value.
Run = Mapping[str, Any]
Grid = list[Run]


def sweep(field: str, values: Iterable[Any]) -> Grid:
    """Makes one run for each value of a field.

    Raises:
      ValueError: ``values`` is a single value, or a text, whose letters are hardly meant.
    """
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__iter__"):
        raise ValueError(f"hyper.sweep({field!r}, ...) takes a list of values, got {values!r}.")
    return [{field: value} for value in values]


def fixed(field: str, value: Any, length: int = 1) -> Grid:
    """Makes so many runs with a field at one value."""
    return [{field: value}] * length


def product(grids: Iterable[Iterable[Run] | Run]) -> Grid:
    """Makes every combination of runs of the grids; those of the last grid vary fastest."""
    return [_join(runs) for runs in itertools.product(*map(runs_of, grids))]


def zipit(grids: Iterable[Iterable[Run] | Run]) -> Grid:
    """Joins the first runs of all grids to one run, then the second ones; a single run repeats.

    Raises:
      ValueError: grids of different lengths.
    """
    lists = [runs_of(grid) for grid in grids]
    longest = max(map(len, lists), default=0)
    if any(len(runs) not in (1, longest) for runs in lists):
        raise ValueError(f"hyper.zipit got grids of {[len(runs) for runs in lists]} runs.")
    lists = [runs * (longest if len(runs) == 1 else 1) for runs in lists]
    return [_join(runs) for runs in zip(*lists, strict=True)]


def chainit(grids: Iterable[Iterable[Run] | Run]) -> Grid:
    """Lists the runs of all grids, one grid after the other."""
    return list(itertools.chain(*map(runs_of, grids)))


def runs_of(grid: Any) -> Grid:
    """Returns the runs of a grid as a list.

    Raises:
      ValueError: it is no iterable of dicts.
    """
    if isinstance(grid, Mapping):
        return [grid]
    runs = list(grid) if hasattr(grid, "__iter__") and not isinstance(grid, str) else [grid]
    for run in runs:
        if not isinstance(run, Mapping):
            raise ValueError(
                "a grid is a list of dicts, one a run, such as [{'config.seed': 1}]; "
                f"got {run!r} for a run."
            )
    return runs


def _join(runs: Iterable[Run]) -> Run:
    joined: dict[str, Any] = {}
    for run in runs:
        if twice := joined.keys() & run.keys():
            raise ValueError(f"the grid sets {', '.join(sorted(twice))} twice in one run.")
        joined |= run
    return joined
