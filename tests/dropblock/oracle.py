"""DropBlock by brute force: loops over positions, nothing clever."""

import itertools

import numpy as np


def clip(block, spatial):
    return tuple(min(b, s) for b, s in zip(block, spatial, strict=True))


def starts(spatial, block):
    """Every position where a whole block fits, as slices."""
    valid = [range(s - b + 1) for s, b in zip(spatial, block, strict=True)]
    for corner in itertools.product(*valid):
        yield tuple(slice(c, c + b) for c, b in zip(corner, block, strict=True))


def reach(spatial, block):
    """How many blocks cover each position."""
    count = np.zeros(spatial, int)
    for where in starts(spatial, clip(block, spatial)):
        count[where] += 1
    return count


def drop_rate(spatial, block, gamma):
    """The exact probability that each position is dropped."""
    return 1 - (1 - gamma) ** reach(spatial, block)


def is_union_of_blocks(dropped, block):
    """Whether a (*spatial) set of dropped positions consists of whole blocks."""
    covered = np.zeros_like(dropped)
    for where in starts(dropped.shape, clip(block, dropped.shape)):
        if dropped[where].all():
            covered[where] = True
    return (covered == dropped).all()


def apply(x, mask, normalize):
    """Algorithm 1's last two lines in float64."""
    x = np.asarray(x, np.float64)
    mask = np.broadcast_to(mask, x.shape)
    if normalize is None:
        return x * mask
    axes = tuple(range(x.ndim)) if normalize == "batch" else tuple(range(1, x.ndim))
    kept = mask.sum(axis=axes, keepdims=True)
    total = x.size if normalize == "batch" else x[0].size
    return np.where(mask, x * total / np.maximum(kept, 1), 0)
