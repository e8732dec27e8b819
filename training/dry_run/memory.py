"""The memory that a run's arrays take on each device, by their shapes."""

import math
from typing import Any

import jax


def bytes_of(tree: Any) -> int:
    """Counts the bytes of a tree of ``jax.ShapeDtypeStruct`` with shardings, on one device."""
    return sum(
        math.prod(leaf.sharding.shard_shape(leaf.shape)) * leaf.dtype.itemsize
        for leaf in jax.tree.leaves(tree)
    )


def whole_bytes_of(tree: Any) -> int:
    """Counts the bytes of a tree's whole arrays, as they are in a checkpoint."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
