"""The runs of a sweep, every one checked before the first is started."""

import dataclasses
import hashlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from sweeps import hyper
from training.config import (
    Arguments,
    change,
    check_config,
    check_workdir,
    find_runs,
    identity,
    open_config,
)

# Bytes of a folder's name; file systems allow 255, and jobs add endings.
LONGEST_NAME = 200


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """One run of a sweep.

    Attributes:
      name: of its folder, after what the run changes.
      workdir: the folder; it holds the run's config from its first start on.
      changes: field without ``config.`` -> value, of the fields that the grid sets.
      config: with the changes made.
    """

    name: str
    workdir: Path
    changes: dict[str, Any]
    config: ConfigDict


def plan(arguments: Arguments, folder: Path) -> list[Trial]:
    """Plans the runs of a config's grid, in its order.

    A run that the folder has already, whatever the name of its own folder, is that run.

    Args:
      arguments: with the config and its file, whose ``get_hyper(hyper)``, or
        ``get_hyper(hyper, variant)`` where the variants have grids of their own, gives the grid.
      folder: of the sweep; each run has a folder in it.

    Raises:
      ValueError, OSError: there is no grid, it is empty or has a run twice, or a run's config or
        workdir is refused; one line that names the run.
    """
    location = arguments.location
    if location is None:
        raise ValueError("--config is missing: --config=configs/NAME.py[:VARIANT].")
    grid = _grid(location)
    for run in grid:
        for field in run:
            if field.removeprefix("config.") in arguments.changes:
                raise ValueError(
                    f"the get_hyper of {location} sets {field}, which the command line sets too."
                )
    names = _names(grid)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the get_hyper of {location} gives the run {name} twice.")
    there = find_runs(folder)
    trials = []
    for number, (name, run) in enumerate(zip(names, grid, strict=True), start=1):
        try:
            trials.append(_trial(arguments.config, name, run, folder, there))
        except (ValueError, TypeError) as error:
            raise ValueError(f"run {number} of {len(grid)}, {name}: {error}") from error
    return trials


def _grid(location: str) -> hyper.Grid:
    module, variant = open_config(location)
    get_hyper = getattr(module, "get_hyper", None)
    if get_hyper is None:
        raise ValueError(f"--config={location} has no get_hyper(hyper): nothing to sweep over.")
    has_many = len(inspect.signature(get_hyper).parameters) > 1
    grid = get_hyper(hyper, *variant if has_many else ())
    if isinstance(grid, Mapping):
        grid = [grid]
    grid = list(grid or [])
    for run in grid:
        if not isinstance(run, Mapping):
            raise ValueError(
                f"the get_hyper of {location} must give a list of dicts, one a run, such as "
                f"{{'config.seed': 1}}; got {run!r}."
            )
    if not grid:
        raise ValueError(f"the get_hyper of {location} gives no run: one of its lists is empty.")
    return grid


def _trial(
    config: ConfigDict,
    name: str,
    run: Mapping[str, Any],
    folder: Path,
    there: Mapping[str, Path],
) -> Trial:
    for field in run:
        if not field.startswith("config."):
            raise ValueError(f"{field!r} is not a field: fields are config.NAME.")
    changes = {field.removeprefix("config."): value for field, value in run.items()}
    changed = change(config.copy_and_resolve_references().unlock(), changes)
    check_config(changed)
    workdir = there.get(identity(changed), folder / name)
    check_workdir(str(workdir), changed)
    return Trial(workdir.name, workdir, changes, changed.lock())


def _names(grid: hyper.Grid) -> list[str]:
    """Folder names of the fields that vary, by their last words where these are not ambiguous."""
    fields = list(dict.fromkeys(field for run in grid for field in run))
    varying = [
        field for field in fields if len({repr(run.get(field, fields)) for run in grid}) > 1
    ] or fields
    last = [field.rpartition(".")[2] for field in varying]
    short = {
        field: word if last.count(word) == 1 else field.removeprefix("config.")
        for field, word in zip(varying, last, strict=True)
    }
    return [
        _fit(
            ",".join(f"{short[field]}={_text(run[field])}" for field in run if field in short)
            or "unchanged"
        )
        for run in grid
    ]


def _text(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "+".join(map(_text, value))
    return str(value).replace(" ", "").replace("/", "_")


def _fit(name: str) -> str:
    """A long name cut off, with a hash of the whole of it."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    cut = name.encode()[: LONGEST_NAME - len(digest) - 1].decode(errors="ignore")
    return f"{cut}-{digest}"
