"""Changes to a config, from a command line or a grid: their fields, types and meaning."""

import ast
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from registry import one_of
from training.config.complete import PARTS, complete, rename_part

KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple: "a tuple such as (1, 2) or ('a',)",
}
WORDS = {"true": True, "false": False, "1": True, "0": False}


def change(config: ConfigDict, changes: Mapping[str, Any]) -> ConfigDict:
    """Completes a config and changes some of its fields.

    A name may change: what belongs to the old constructor alone is dropped with it, and the new one
    has its defaults. A change of the length is what it says: ``epochs`` alone takes the place of
    ``steps``.

    Args:
      config: unlocked; changed in place.
      changes: field, such as "regularizer.keep_prob", -> its value, or a text that has it. A dict
        changes the fields that it has.

    Returns:
      The same config.

    Raises:
      ValueError: there is no such field, or the value is not of its type; one line.
    """
    changes = _expanded(changes)
    # Names first: they decide which fields there are.
    names = {f"{section}.{part.key}" for section, part in PARTS.items()}
    for field in [field for field in changes if field in names]:
        rename_part(config, field.partition(".")[0], changes[field])
    complete(config)
    for field, value in changes.items():
        _set(config, field, value)
    if "epochs" in changes and config.epochs is not None and "steps" not in changes:
        config.steps = None
    return config


def find_field(config: ConfigDict, field: str) -> tuple[ConfigDict, str]:
    """Finds the section of ``a.b``, and the name in it.

    Raises:
      ValueError: there is no such field; one line with the nearest one.
    """
    node, seen = config, "config"
    *sections, last = field.split(".")
    for name in [*sections, last]:
        if not isinstance(node, ConfigDict):
            raise ValueError(f"{seen} is a single value and has no field {name!r}.")
        one_of(f"field of {seen}", name, node.keys())
        parent, node, seen = node, node[name], f"{seen}.{name}"
    return parent, last


def _set(config: ConfigDict, field: str, value: Any) -> None:
    section, name = find_field(config, field)
    old = section[name]
    if isinstance(old, ConfigDict):
        raise ValueError(f"config.{field} has fields: give config.{field}.NAME, or a dict of them.")
    section[name] = _convert(f"config.{field}", section.get_type(name), old, value)


def _convert(field: str, kind: type, old: Any, value: Any) -> Any:
    """The value as one of a field's type. A field may be None where its default is."""
    if value is None or value == "None":
        return None
    try:
        if kind is bool:
            return WORDS[str(value).lower()]
        if kind is int:
            if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
                raise ValueError
            return int(value)
        if kind is float:
            if isinstance(value, bool):
                raise ValueError
            return float(value)
        if kind is tuple:
            return _tuple(value)
    except (ValueError, TypeError, KeyError, SyntaxError, OverflowError):
        raise ValueError(f"{field} must be {KINDS[kind]}, got {value!r}.") from None
    if not isinstance(value, str):
        raise ValueError(f"{field} must be a text, got {value!r}.")
    return value


def _tuple(value: Any) -> tuple:
    if isinstance(value, str):
        value = ast.literal_eval(value) if value.strip() else ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _expanded(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes of single fields, with those of dicts taken apart; later ones win."""
    fields: dict[str, Any] = {}
    for field, value in changes.items():
        if isinstance(value, str) and value.strip().startswith("{"):
            try:
                value = ast.literal_eval(value.strip())
            except (ValueError, SyntaxError):
                raise ValueError(f"config.{field} must be a dict, got {value!r}.") from None
        if isinstance(value, Mapping):
            fields |= _expanded({f"{field}.{name}": own for name, own in value.items()})
        else:
            fields.pop(field, None)
            fields[field] = value
    return fields
