"""The runs of a sweep, every one checked before the first is started."""

import dataclasses
import inspect
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from sweeps import hyper
from training.check import check_config
from training.command_line import find_field, open_config
from training.run_files import check_workdir, flat


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """One run of a sweep.

    Attributes:
      name: of its folder, after what the run changes.
      workdir: the folder.
      changes: field without ``config.`` -> value, of the fields that the grid sets.
      config: with the changes made.
      arguments: of train.py.
    """

    name: str
    workdir: Path
    changes: dict[str, Any]
    config: ConfigDict
    arguments: list[str]


def plan(location: str, config: ConfigDict, folder: Path) -> list[Trial]:
    """The runs of a config's grid, in its order.

    Args:
      location: ``FILE.py[:VARIANT]``; the file's ``get_hyper(hyper)``, or
        ``get_hyper(hyper, variant)`` where the variants have grids of their own, gives the grid.
      config: the file's, with what the command line changed.
      folder: of the sweep; each run has a folder in it.

    Raises:
      ValueError, OSError: there is no grid, it is empty or has a run twice, or a run's config or
        workdir is refused; one line that names the run.
    """
    grid = _grid(location)
    names = _names(grid)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the get_hyper of {location} gives the run {name} twice.")
    trials = []
    for number, (name, run) in enumerate(zip(names, grid, strict=True), start=1):
        try:
            trials.append(_trial(location, config, name, run, folder / name))
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
    if not grid:
        raise ValueError(f"the get_hyper of {location} gives no run: one of its lists is empty.")
    return grid


def _trial(
    location: str, config: ConfigDict, name: str, run: dict[str, Any], workdir: Path
) -> Trial:
    changed = config.copy_and_resolve_references().unlock()
    changes = {}
    for field, value in run.items():
        if not field.startswith("config."):
            raise ValueError(f"{field!r} is not a field: fields are config.NAME.")
        path = field.removeprefix("config.")
        find_field(config, path)
        try:
            changed.update_from_flattened_dict({path: value})
        except TypeError as error:
            raise ValueError(f"{field} cannot be {value!r}: {error}") from error
        changes[path] = value
    check_config(changed)
    check_workdir(str(workdir), changed)
    arguments = [f"--config={location}", f"--workdir={workdir}", *_flags(location, changed)]
    return Trial(name, workdir, changes, changed.lock(), arguments)


def _flags(location: str, config: ConfigDict) -> list[str]:
    """What makes the file's config this one."""
    module, variant = open_config(location)
    original = flat(module.get_config(*variant).to_dict())
    return [
        f"--config.{field}={value}"
        for field, value in flat(config.to_dict()).items()
        if value != original[field]
    ]


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
        ",".join(f"{short[field]}={_text(run[field])}" for field in run if field in short)
        or "unchanged"
        for run in grid
    ]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "+".join(map(_text, value))
    return str(value).replace(" ", "").replace("/", "_")
