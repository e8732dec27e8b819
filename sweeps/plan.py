"""The runs of a sweep, every one checked before the first is started."""

import collections
import contextlib
import copy
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from runfiles import CONFIG, checkpoint_steps, is_complete, is_locked, read_record
from sweeps.grid import read_grid, set_twice
from sweeps.names import folder_names
from training.config import (
    Arguments,
    change,
    check_config,
    check_network,
    check_workdir,
    identity,
    plain,
    read_config,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """One run of a sweep.

    Attributes:
      name: of its folder, after what the run changes.
      workdir: the folder; it holds the run's config from its first start on.
      changes: field without ``config.`` -> value, of the fields that the grid sets.
      config: with the changes made.
      copies: other folders of the sweep that hold the same run, and are left alone.
    """

    name: str
    workdir: Path
    changes: dict[str, Any]
    config: ConfigDict
    copies: Sequence[Path] = ()


def plan(arguments: Arguments, folder: Path) -> list[Trial]:
    """Plans the runs of a config's grid, in its order. Writes nothing.

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
    if read_record(folder) is not None:
        raise ValueError(f"--workdir={folder} is the folder of a single run: take another one.")
    grid = read_grid(location)
    if (field := set_twice(grid, arguments.changes)) is not None:
        raise ValueError(
            f"the get_hyper of {location} sets config.{field}, which the command line sets too."
        )
    names = folder_names(grid)
    configs = []
    for number, changes in enumerate(grid):
        with _named(number, names):
            configs.append(_config(arguments.config, changes))
    whole = [json.dumps(plain(config), sort_keys=True) for config in configs]
    for name, own in zip(names, whole, strict=True):
        if whole.count(own) > 1:
            raise ValueError(f"the get_hyper of {location} gives the run {name} twice.")
    identities = [identity(config) for config in configs]
    there = _runs_in(folder)
    trials = []
    for number, (name, changes, config) in enumerate(zip(names, grid, configs, strict=True)):
        workdir, same = folder / name, there[identities[number]]
        # Runs that differ in nothing that a result depends on are told apart by their names.
        if same and identities.count(identities[number]) == 1:
            workdir = max((_progress(path, workdir), path) for path in same)[1]
        else:
            same = []
        with _named(number, names):
            check_workdir(str(workdir), config)
        copies = [path for path in same if path != workdir]
        trials.append(Trial(workdir.name, workdir, changes, config, copies))
    return trials


@contextlib.contextmanager
def _named(number: int, names: Sequence[str]) -> Iterator[None]:
    """Puts the run before what is wrong with it."""
    try:
        yield
    except (ValueError, TypeError, OSError) as error:
        raise ValueError(f"run {number + 1} of {len(names)}, {names[number]}: {error}") from error


def _config(config: ConfigDict, changes: Mapping[str, Any]) -> ConfigDict:
    # A deep copy: ConfigDict's own forgets of which type a field is that is None.
    changed = change(copy.deepcopy(config).unlock(), changes)
    check_config(changed)
    check_network(changed)
    return changed.lock()


def _runs_in(folder: Path) -> collections.defaultdict[str, list[Path]]:
    """The runs in the folders of a sweep: identity of the config -> workdirs."""
    found = collections.defaultdict(list)
    for path in sorted(folder.glob(f"*/{CONFIG}")):
        # What is no run of this code is not one of these; a run that needs its folder says so.
        with contextlib.suppress(ValueError, OSError):
            if (config := read_config(path.parent)) is not None:
                found[identity(config)].append(path.parent)
    return found


def _progress(workdir: Path, own: Path) -> tuple[bool, bool, int, bool]:
    """Sorts folders of the same run: the largest is the one to keep."""
    step = max(checkpoint_steps(workdir), default=0)
    return is_complete(workdir), is_locked(workdir), step, workdir == own
