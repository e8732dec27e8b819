"""The runs of a sweep, every one checked before the first is started."""

import dataclasses
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from sweeps.hyper import Grid
from training.check import check_config
from training.command_line import find_field
from training.run_files import check_workdir


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    Attributes:
      workdir: its folder, named after what the run changes.
      changes: field without ``config.`` -> value.
      config: with the changes made.
    """

    workdir: Path
    changes: dict[str, Any]
    config: ConfigDict

    @property
    def name(self) -> str:
        return self.workdir.name

    @property
    def flags(self) -> list[str]:
        """What makes train.py's config this run's."""
        return [f"--config.{field}={value}" for field, value in self.changes.items()]


def plan(config: ConfigDict, grid: Grid, folder: Path) -> list[Trial]:
    """The runs of a grid in its order, in folders below ``folder``.

    Raises:
      ValueError, OSError: the grid is empty or has a run twice, or a run's config or workdir is
        refused; one line that names the run.
    """
    if not grid:
        raise ValueError("the config's get_hyper gives no run: one of its lists is empty.")
    names = _names(grid)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the config's get_hyper gives the run {name} twice.")
    trials = []
    for number, (name, run) in enumerate(zip(names, grid, strict=True), start=1):
        try:
            trial = Trial(folder / name, *_change(config, run))
            check_config(trial.config)
            check_workdir(str(trial.workdir), trial.config)
        except (ValueError, TypeError) as error:
            raise ValueError(f"run {number} of {len(grid)}, {name}: {error}") from error
        trials.append(trial)
    return trials


def _change(config: ConfigDict, run: dict[str, Any]) -> tuple[dict[str, Any], ConfigDict]:
    changed = ConfigDict(config, type_safe=True)
    changes = {}
    for name, value in run.items():
        if not name.startswith("config."):
            raise ValueError(f"{name!r} is not a field: fields are config.NAME.")
        field = name.removeprefix("config.")
        find_field(config, field)
        try:
            changed.update_from_flattened_dict({field: value})
        except TypeError as error:
            raise ValueError(f"{name} cannot be {value!r}: {error}") from error
        changes[field] = value
    return changes, changed


def _names(grid: Grid) -> list[str]:
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
        ",".join(f"{short[field]}={_text(run[field])}" for field in varying if field in run) or "-"
        for run in grid
    ]


def _text(value: Any) -> str:
    return str(value).replace(" ", "").replace("/", "_")
