"""The grid that a config's ``get_hyper`` gives, in plain values."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from runfiles import flat
from sweeps import hyper
from training.config import open_config


def read_grid(location: str) -> list[dict[str, Any]]:
    """Calls the ``get_hyper`` of ``FILE.py[:VARIANT]``.

    It may return a list of dicts, any other iterable of them, or a single one. Values may be dicts
    of fields, and NumPy's and JAX's numbers and arrays.

    Returns:
      One dict a run: field without ``config.`` -> a value of Python's own; lists are tuples.

    Raises:
      ValueError, OSError: there is no grid, or it is none; one line.
    """
    module, variant = open_config(location)
    get_hyper = getattr(module, "get_hyper", None)
    if not callable(get_hyper):
        raise ValueError(f"--config={location} has no get_hyper(hyper): nothing to sweep over.")
    parameters = len(inspect.signature(get_hyper).parameters)
    if not parameters:
        raise ValueError(f"the get_hyper of {location} takes no argument: write get_hyper(hyper).")
    grid = get_hyper(hyper, *variant if parameters > 1 else ())
    if grid is None:
        raise ValueError(f"the get_hyper of {location} returns nothing: it must return the grid.")
    try:
        runs = [_changes(run) for run in hyper.runs_of(grid)]
    except ValueError as error:
        raise ValueError(f"the get_hyper of {location}: {error}") from error
    if not runs:
        raise ValueError(f"the get_hyper of {location} gives no run: one of its lists is empty.")
    return runs


def set_twice(grid: Iterable[Mapping[str, Any]], changes: Mapping[str, Any]) -> str | None:
    """Finds a field of the grid that the command line sets too.

    One of two that mean the same, such as steps and epochs, stands for the other: one of them would
    be ignored.

    Args:
      grid: as :func:`read_grid` gives it.
      changes: the command line's, field -> text.
    """
    typed = {_meaning(field) for field in changes}
    for field in dict.fromkeys(field for run in grid for field in run):
        own = _meaning(field)
        if any(own == other or own.startswith(f"{other}.") for other in typed):
            return field
    return None


def _meaning(field: str) -> str:
    return field.replace("epochs", "steps")


def _changes(run: Mapping[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for field, value in run.items():
        if not isinstance(field, str) or not field.startswith("config."):
            raise ValueError(f"{field!r} is not a field: fields are config.NAME.")
        own = flat({field.removeprefix("config."): _plain(value)})
        if twice := changes.keys() & own.keys():
            raise ValueError(f"the grid sets config.{min(twice)} twice in one run.")
        changes |= own
    return changes


def _plain(value: Any) -> Any:
    if isinstance(value, ConfigDict):
        value = value.to_dict()
    if isinstance(value, Mapping):
        return {str(name): _plain(own) for name, own in value.items()}
    if hasattr(value, "dtype"):
        array = np.asarray(value)
        # By its digits: float32's 0.9 is 0.9, not 0.8999999761581421.
        value = (array.astype(str).astype(float) if array.dtype.kind == "f" else array).tolist()
    if isinstance(value, list | tuple | range):
        return tuple(map(_plain, value))
    return value
