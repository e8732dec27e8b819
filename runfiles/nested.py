"""Nested dicts as flat ones."""

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
