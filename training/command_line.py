"""The scripts' command line: ``--config=FILE.py[:VARIANT]``, ``--config.FIELD=VALUE`` and flags.

ml_collections' own config flag reports a mistake in a file or a field with a stack trace; here
each gets one line.
"""

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import NoReturn

from absl import flags
from ml_collections import ConfigDict, config_flags

from training.suggest import one_of


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
    instead_of_workdir: str = "workdir",
) -> flags.FlagValues:
    """Parses a script's arguments.

    Args:
      argv: as ``sys.argv``.
      define: adds the script's own flags.
      instead_of_workdir: the flag of those that makes ``--workdir`` needless where it is given.

    Returns:
      Flag values with ``config`` (a locked ConfigDict) and ``workdir`` (str).

    Raises:
      ValueError, OSError: any mistake in the arguments, worded for the user.
    """
    values = flags.FlagValues()
    flags.DEFINE_string("workdir", None, "Folder of the run.", flag_values=values)
    flags.DEFINE_bool("help", False, "Show this help.", short_name="h", flag_values=values)
    define(values)

    location, rest = take_config(argv)
    if location is None:
        if {"--help", "-h"} & set(argv):
            print(_usage(argv[0], values))
            sys.exit(0)
        raise ValueError("--config is missing: --config=configs/NAME.py[:VARIANT].")
    module, variant = open_config(location)
    config = module.get_config(*variant).lock()
    _check_overrides(config, rest)
    config_flags.DEFINE_config_dict("config", config, flag_values=values, sys_argv=rest)
    try:
        positional = values(rest)
    except flags.Error as error:
        raise ValueError(str(error)) from None
    if values.help:
        print(_usage(argv[0], values))
        sys.exit(0)
    if positional[1:]:
        raise ValueError(f"unexpected argument {positional[1]!r}: flags are --NAME=VALUE.")
    if not values.workdir and values[instead_of_workdir].value is None:
        raise ValueError("--workdir is missing: --workdir=DIR, the folder of the run.")
    return values


def _usage(script: str, values: flags.FlagValues) -> str:
    return (
        f"usage: {os.path.basename(script)} --config=configs/NAME.py[:VARIANT] --workdir=DIR "
        f"[--config.FIELD=VALUE ...]\n{values.get_help()}"
    )


def take_config(argv: Sequence[str]) -> tuple[str | None, list[str]]:
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


def open_config(location: str) -> tuple[ModuleType, list[str]]:
    """The module of ``FILE.py[:VARIANT]``, and the variant if there is one.

    Raises:
      ValueError, OSError: there is no such file or variant.
    """
    path, _, variant = location.partition(":")
    if not os.path.isfile(path):
        raise FileNotFoundError(f"--config={location}: there is no file {path!r}.")
    module = _import(path)
    if variant:
        one_of("config variant", variant, getattr(module, "VARIANTS", (variant,)))
    return module, [variant] if variant else []


def _import(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("config_file", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"--config={path}: not a Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _check_overrides(config: ConfigDict, argv: Sequence[str]) -> None:
    """Every ``--config.a.b`` must name a field that the config has."""
    for argument in argv:
        if not argument.startswith("--config."):
            continue
        field = argument.removeprefix("--config.").partition("=")[0]
        value = find_field(config, field)
        if "=" in argument:
            _check_type(f"config.{field}", value, argument.partition("=")[2])


def find_field(config: ConfigDict, field: str) -> object:
    """The value of ``a.b`` in a config.

    Raises:
      ValueError: there is no such field; one line with the nearest one.
    """
    node, seen = config, "config"
    for name in field.split("."):
        if not isinstance(node, ConfigDict):
            raise ValueError(f"{seen} is a single value and has no field {name!r}.")
        one_of(f"field of {seen}", name, node.keys())
        node, seen = node.get_oneway_ref(name).get(), f"{seen}.{name}"
    return node


def _check_type(field: str, value: object, text: str) -> None:
    """Numbers are checked here, where the field can be named; the rest by ml_collections."""
    for kind, name in ((int, "a whole number"), (float, "a number")):
        if type(value) is kind:
            try:
                kind(text)
            except ValueError:
                raise ValueError(f"{field} must be {name}, got {text!r}.") from None
