"""Nested dicts as flat ones, and back."""

from collections.abc import Mapping
from typing import Any


def flat(tree: dict[str, Any], prefix: str = "", separator: str = ".") -> dict[str, Any]:
    """Flattens nested dicts to one with names such as ``a.b``; ``prefix`` stands before each."""
    values: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            values |= flat(value, f"{prefix}{name}{separator}", separator)
        else:
            values[f"{prefix}{name}"] = value
    return values


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`flat`."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = name.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return tree
