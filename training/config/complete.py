"""The fields that a config leaves out, and those that it must not have.

Some sections of a config are the keyword arguments of a constructor that is found by its name. What
such a section leaves out has the constructor's default; what the constructor does not take is
refused.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from ml_collections import ConfigDict, config_dict

import registry
from configs import common


class Part(NamedTuple):
    """A section whose fields are the arguments of a constructor.

    Attributes:
      room: the package that has the constructors, one a file.
      key: the field with the constructor's name.
      given: arguments that are no fields.
    """

    room: str
    key: str = "name"
    given: tuple[str, ...] = ()


PARTS = {
    "task": Part("tasks", given=("config", "without_data")),
    "data": Part("data.preprocess", key="preprocess"),
    "model": Part("models", given=("num_classes", "num_anchors", "in_channels", "dtype", "rngs")),
    "regularizer": Part("regularizers"),
    "optimizer": Part("training.recipe.optimizers"),
}


def complete(config: ConfigDict) -> ConfigDict:
    """Fills in the fields that a config leaves out, at their defaults.

    Args:
      config: unlocked; changed in place.

    Returns:
      The same config.

    Raises:
      ValueError: a part has no such name, or does not take a field; one line.
    """
    base = common.base()
    for name in config:
        if name not in base:
            raise ValueError(
                f"unknown field of config {name!r}: {registry.hint(name, base)}"
                f"allowed: {', '.join(base)}."
            )
    for name in base:
        if name not in config:
            _copy(base, config, name)
        elif isinstance(base[name], ConfigDict):
            for field in base[name]:
                if field not in config[name]:
                    _copy(base[name], config[name], field)
    for section in PARTS:
        _complete_part(config, base, section)
    return config


def constructor_of(config: ConfigDict, section: str) -> Callable[..., Any] | None:
    """Finds the constructor whose arguments a section has; None where the section is off.

    Raises:
      ValueError: there is none of that name; one line.
    """
    part = PARTS[section]
    name = config[section][part.key]
    if section == "regularizer" and name == "none":
        return None
    if section == "optimizer":
        from training.recipe import find_optimizer

        return find_optimizer(name)
    allowed = [*(["none"] if section == "regularizer" else []), *registry.names(part.room)]
    registry.one_of(f"config.{section}.{part.key}", name, allowed)
    return registry.find(part.room, name)


def rename_part(config: ConfigDict, section: str, name: str) -> None:
    """Names another constructor of a section; fields that the old one alone takes are dropped.

    Of an optimizer all of its arguments are: another one's momentum or nesterov is another thing.

    Raises:
      ValueError: there is none of that name; one line.
    """
    if name == config[section][PARTS[section].key]:
        return
    before = set(_taken(config, section))
    config[section][PARTS[section].key] = name
    after = set() if section == "optimizer" else set(_taken(config, section))
    for field in before - after - set(common.base()[section]):
        if field in config[section]:
            del config[section][field]


def _taken(config: ConfigDict, section: str) -> dict[str, inspect.Parameter]:
    """The fields that the constructor of a section takes."""
    constructor = constructor_of(config, section)
    given = _given(section)
    return {
        name: parameter
        for name, parameter in (registry.parameters(constructor) if constructor else {}).items()
        if name not in given
    }


def _complete_part(config: ConfigDict, base: ConfigDict, section: str) -> None:
    taken = _taken(config, section)
    part = PARTS[section]
    for field in config[section]:
        if field not in taken and field not in base[section]:
            raise ValueError(
                f"config.{section}.{field} does not go with "
                f"config.{section}.{part.key}={config[section][part.key]!r}: "
                f"{registry.hint(field, taken)}it takes {', '.join(taken)}."
            )
    for name, parameter in taken.items():
        if name not in config[section]:
            config[section][name] = _default(section, name, parameter)


def _given(section: str) -> tuple[str, ...]:
    if section == "optimizer":
        from training.recipe.optimizer import GIVEN

        return GIVEN
    return PARTS[section].given


def _default(section: str, name: str, parameter: inspect.Parameter) -> Any:
    if parameter.default is inspect.Parameter.empty:
        raise ValueError(f"config.{section}.{name} is missing, and has no default.")
    if parameter.default is not None:
        return parameter.default
    annotation = str(parameter.annotation)
    kind = next((kind for kind in (float, int) if kind.__name__ in annotation), str)
    return config_dict.placeholder(kind)


def _copy(source: ConfigDict, target: ConfigDict, name: str) -> None:
    """Copies a field with its type, of a field that is None too."""
    if source[name] is None:
        target[name] = config_dict.placeholder(source.get_type(name))
    else:
        target[name] = source[name]
