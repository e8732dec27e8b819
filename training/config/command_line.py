"""The scripts' command line: ``--config=FILE.py[:VARIANT]``, ``--config.FIELD=VALUE`` and flags."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from absl import flags
from ml_collections import ConfigDict

from runfiles import is_within
from training.config.change import change
from training.config.compare import NETWORK_FIELDS
from training.config.files import load_config
from training.config.written import read_config


class Arguments:
    """The values of a script's flags, as attributes.

    Attributes:
      config: of the run, with every field; locked.
      changes: field -> text, of the fields that the command line sets.
      location: of the config's file; None where the config is that of the workdir's run.
      places: the arguments that are no flags.
    """

    def __init__(
        self,
        values: flags.FlagValues,
        config: ConfigDict,
        changes: dict[str, str],
        location: str | None,
        places: Sequence[str] = (),
    ):
        self._values, self.config = values, config
        self.changes, self.location, self.places = changes, location, places

    def __getattr__(self, name: str) -> Any:
        return getattr(self._values, name)


@contextlib.contextmanager
def one_line_errors(
    *kinds: type[Exception], leave: Callable[[int], NoReturn] = sys.exit
) -> Iterator[None]:
    """Turns errors that are worded for users into one line on stderr and an exit code.

    Args:
      kinds: of errors; by default those of the checks before the work.
      leave: ends the process with a code: the error's own ``code``, or 2.
    """
    kinds = kinds or (ValueError, OSError)
    try:
        yield
    except kinds as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        leave(getattr(error, "code", 2))


def parse(
    argv: Sequence[str],
    define: Callable[[flags.FlagValues], None] = lambda values: None,
    *,
    instead_of_workdir: Sequence[str] = (),
    own_config: bool = False,
    places: str = "",
) -> "Arguments":
    """Parses a script's arguments.

    Args:
      argv: as ``sys.argv``.
      define: adds the script's own flags.
      instead_of_workdir: the flags of those that make ``--workdir`` needless where one is given.
      own_config: the config is always that of the workdir's run, and what makes its network stays
        as it is. Otherwise ``--config`` is needless where the workdir has a config already.
      places: what the arguments that are no flags are, for the usage; empty where none is taken.

    Returns:
      The flags' values, and the locked config with every field.

    Raises:
      ValueError, OSError: any mistake in the arguments, worded for the user.
    """
    values = flags.FlagValues()
    values.set_gnu_getopt()  # flags may stand after other arguments
    flags.DEFINE_string("workdir", None, "Folder of the run.", flag_values=values)
    flags.DEFINE_bool("help", False, "Show this help.", short_name="h", flag_values=values)
    define(values)

    try:
        argv = values.read_flags_from_files(list(argv), force_gnu=False)
        location, rest = _take_config(argv)
        changes, rest = _take_changes(rest)
        positional = values(rest)
    except flags.Error as error:
        raise ValueError(str(error)) from None
    if values.help:
        config = "" if own_config else "--config=configs/NAME.py[:VARIANT] "
        print(_usage(argv[0], f"{config}--workdir=DIR {places}", values))
        sys.exit(0)
    if positional[1:] and not places:
        raise ValueError(f"unexpected argument {positional[1]!r}: flags are --NAME=VALUE.")
    if own_config and location is not None:
        raise ValueError(
            f"--config={location}: the config is that of the run in --workdir; leave --config out."
        )
    has_workdir = bool(values.workdir)
    if has_workdir:
        values.workdir = _folder(str(values.workdir))  # type: ignore[assignment]
    elif all(values[flag].value in (None, False) for flag in instead_of_workdir):
        raise ValueError("--workdir is missing: --workdir=DIR, the folder of the run.")
    if location is not None:
        config = load_config(location)
    else:
        written = read_config(Path(values.workdir)) if has_workdir else None
        if written is None and own_config:
            raise FileNotFoundError(f"--workdir={values.workdir} holds no run: train.py makes one.")
        if written is None:
            raise ValueError("--config is missing: --config=configs/NAME.py[:VARIANT].")
        config = written
    if own_config:
        for field in changes:
            if is_within(field, NETWORK_FIELDS) or any(
                one.startswith(f"{field}.") for one in NETWORK_FIELDS
            ):
                raise ValueError(
                    f"--config.{field} makes the network that the run in --workdir has trained: "
                    "it cannot be another."
                )
    config = change(config.unlock(), changes).lock()
    return Arguments(values, config, changes, location, positional[1:])


def _folder(workdir: str) -> str:
    if "://" in workdir:
        raise ValueError(
            f"--workdir={workdir} is an address: runs are written into a folder, such as one where "
            "the bucket is mounted."
        )
    return os.path.expanduser(workdir)


def _usage(script: str, arguments: str, values: flags.FlagValues) -> str:
    name = os.path.basename(script)
    return f"usage: {name} {arguments.strip()} [--config.FIELD=VALUE ...]\n{values.get_help()}"


def _take_config(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """Splits ``--config=X`` or ``--config X`` off; the last one wins, as for any flag."""
    location, rest, arguments = None, [], iter(argv)
    for argument in arguments:
        if argument == "--config":
            location = next(arguments, "")
        elif argument.startswith("--config="):
            location = argument.removeprefix("--config=")
        else:
            rest.append(argument)
    return location, rest


def _take_changes(argv: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Splits ``--config.FIELD=VALUE``, ``--config.FIELD VALUE`` and ``--[no]config.FIELD`` off."""
    changes: dict[str, str] = {}
    rest: list[str] = []
    arguments = list(argv)
    while arguments:
        argument = arguments.pop(0)
        name, has_value, value = argument.partition("=")
        negative = name.startswith("--noconfig.")
        if not name.startswith("--config.") and not negative:
            rest.append(argument)
            continue
        if not has_value:
            is_flag = negative or not arguments or arguments[0].startswith("--")
            value = str(not negative).lower() if is_flag else arguments.pop(0)
        field = name.removeprefix("--no").removeprefix("--").removeprefix("config.")
        changes.pop(field, None)
        changes[field] = value
    return changes, rest
