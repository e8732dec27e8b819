"""What the networks of Figures 5 and 6 are called: by the DropBlock that they were trained with."""

from typing import Any


def network_of(config: dict[str, Any]) -> str:
    """Such as "trained with block_size 7"."""
    regularizer = config["regularizer"]
    if regularizer["name"] == "none":
        return "trained without DropBlock"
    return f"trained with block_size {regularizer['block_size']}"


def in_order(names: set[str]) -> list[str]:
    """The one without first, then by size."""
    return sorted(names, key=lambda name: int(name.split()[-1]) if name[-1].isdigit() else 0)
