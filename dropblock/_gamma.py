"""From keep_prob to gamma, the probability with which one position becomes a block's seed."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from dropblock import _check


def gamma(
    keep_prob: ArrayLike, feat_size: int | Sequence[int], block_size: int | Sequence[int]
) -> ArrayLike:
    """The paper's gamma, Eq. 1, on a map of any size and block of any shape.

    ``(1 - keep_prob) * feat / block / valid`` where ``feat``, ``block`` and ``valid`` are the
    numbers of positions in the map, in a block, and where a whole block fits. It takes blocks
    for disjoint, so the realised drop rate is a little below ``1 - keep_prob``: see
    :func:`exact_gamma`.

    Args:
      keep_prob: probability in [0, 1] that a unit is kept; may be traced.
      feat_size: size of the map, a tuple with one int per spatial axis; a plain int is
        a map of *one* spatial axis (a square map is ``(n, n)``).
      block_size: int, or one int per spatial axis; clipped to the map.

    Returns:
      gamma in [0, 1 - keep_prob], of keep_prob's type.

    Raises:
      ValueError, TypeError: a size below 1 or not an integer; a concrete keep_prob outside
        [0, 1].

    Source: Ghiasi et al. 2018, Eq. 1.
    """
    _check.probability("keep_prob", keep_prob)
    feat = _check.feat_sizes(feat_size)
    block = _check.block_sizes(block_size, feat)
    valid = [f - b + 1 for f, b in zip(feat, block, strict=True)]
    return (1 - keep_prob) * (math.prod(feat) / (math.prod(block) * math.prod(valid)))


def exact_gamma(
    keep_prob: ArrayLike, feat_size: int | Sequence[int], block_size: int | Sequence[int]
) -> jax.Array:
    """The gamma at which the expected share of kept units is exactly ``keep_prob``.

    A unit that ``n`` blocks can reach is kept with probability ``(1 - gamma) ** n``; this
    solves ``mean((1 - gamma) ** n) = keep_prob`` over the positions of the map.

    Args:
      keep_prob: probability in [0, 1] that a unit is kept; may be traced.
      feat_size: as in :func:`gamma`.
      block_size: as in :func:`gamma`.

    Returns:
      gamma in [0, 1], a float32 scalar.

    Raises:
      ValueError, TypeError: as :func:`gamma`.
    """
    _check.probability("keep_prob", keep_prob)
    feat = _check.feat_sizes(feat_size)
    block = _check.block_sizes(block_size, feat)
    reach, share = _reach_histogram(feat, block)

    # With s = -log(1 - gamma), -log(kept share) rises from 0 and is concave in s, so that
    # Newton's method from 0 climbs to the root and never overshoots. expm1 and log1p keep
    # small drop rates exact in float32.
    drop = 1 - jnp.asarray(keep_prob, jnp.float32)
    target = -jnp.log1p(-drop)

    def newton(_: int, s: jax.Array) -> jax.Array:
        dropped = jnp.sum(share * -jnp.expm1(-s * reach))
        slope = jnp.sum(share * reach * jnp.exp(-s * reach)) / (1 - dropped)
        return s + (target + jnp.log1p(-dropped)) / slope

    s = jax.lax.fori_loop(0, _NEWTON_STEPS, newton, jnp.zeros((), jnp.float32))
    return jnp.where(drop < 1, jnp.clip(-jnp.expm1(-s), 0, 1), 1)


# Enough for float32 from keep_prob 0.001 upwards, on maps up to 64 x 64 (tested); 5 do at 0.9.
_NEWTON_STEPS = 20


def _reach_histogram(
    feat: tuple[int, ...], block: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """How many blocks reach a position (its values), and the share of positions with each."""
    per_axis = []
    for f, b in zip(feat, block, strict=True):
        position = np.arange(f)
        first, last = np.maximum(position - b + 1, 0), np.minimum(position, f - b)
        per_axis.append(Counter((last - first + 1).tolist()))
    histogram: Counter[int] = Counter()
    for combination in itertools.product(*(axis.items() for axis in per_axis)):
        reach = math.prod(n for n, _ in combination)
        histogram[reach] += math.prod(count for _, count in combination)
    values = np.array(list(histogram.keys()), np.float32)
    counts = np.array(list(histogram.values()), np.float64)
    return values, (counts / counts.sum()).astype(np.float32)
