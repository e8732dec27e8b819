"""From keep_prob to gamma, the probability with which one position becomes a block's seed."""

import functools
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
    """Returns the paper's gamma, Eq. 1, for a map of any size and a block of any shape.

    ``(1 - keep_prob) * feat / block / valid`` where ``feat``, ``block`` and ``valid`` are the
    numbers of positions in the map, in a block, and where a whole block fits. It takes blocks
    for disjoint, so the realised drop rate is a little below ``1 - keep_prob``: see
    [`exact_gamma`][dropblock.exact_gamma].

    Args:
      keep_prob: probability in [0, 1] that a unit is kept; may be traced.
      feat_size: size of the map, a tuple with one int per spatial axis; a plain int is
        a map of *one* spatial axis (a square map is ``(n, n)``).
      block_size: int, or one int per spatial axis; clipped to the map.

    Returns:
      gamma in [0, 1 - keep_prob]; 0 for an empty map. A float if keep_prob is a Python or NumPy
      number, a float32 scalar if it is a JAX array (float64 if that is).

    Raises:
      ValueError: a block size below 1, a negative size of the map, or a concrete keep_prob
        outside [0, 1].
      TypeError: a size is not an integer, or keep_prob is not a number.

    Examples:
      >>> from dropblock import gamma
      >>> round(gamma(0.9, (14, 14), 7), 5)
      0.00625

    Source:
      Ghiasi et al. 2018, Eq. 1.
    """
    keep_prob = _check.probability("keep_prob", keep_prob)
    feat = _check.feat_sizes(feat_size)
    block = _check.block_sizes(block_size, feat)
    valid = [max(f - b + 1, 1) for f, b in zip(feat, block, strict=True)]
    return (1 - keep_prob) * (math.prod(feat) / (math.prod(block) * math.prod(valid)))


def exact_gamma(
    keep_prob: ArrayLike, feat_size: int | Sequence[int], block_size: int | Sequence[int]
) -> jax.Array:
    """Returns the gamma at which the expected share of kept units is exactly ``keep_prob``.

    A unit that ``n`` blocks can reach is kept with probability ``(1 - gamma) ** n``; this
    solves ``mean((1 - gamma) ** n) = keep_prob`` over the positions of the map.

    Args:
      keep_prob: probability in [0, 1] that a unit is kept; may be traced.
      feat_size: as in [`gamma`][dropblock.gamma].
      block_size: as in [`gamma`][dropblock.gamma].

    Returns:
      gamma in [0, 1], a float32 scalar; 0 for an empty map. Differentiable in keep_prob, at 0
      and 1 too.

    Raises:
      ValueError, TypeError: as [`gamma`][dropblock.gamma].

    Examples:
      >>> from dropblock import exact_gamma, gamma
      >>> float(exact_gamma(0.9, (14, 14), 7)) > gamma(0.9, (14, 14), 7)  # overlaps are made up for
      True
    """
    keep_prob = jnp.asarray(_check.probability("keep_prob", keep_prob), jnp.float32)
    feat = _check.feat_sizes(feat_size)
    block = _check.block_sizes(block_size, feat)
    if 0 in feat:
        return 0 * keep_prob
    return _solve(keep_prob, *_reach_histogram(feat, block))


# Enough for float32 at every keep_prob, on maps up to 64 x 64 (tested); 5 do at 0.9.
_NEWTON_STEPS = 20

# Up to this drop rate 1 - drop is good for keep_prob in float32.
_EXACT = 0.99

#: What blocks reach, and the share of positions that so many reach.
Histogram = tuple[float, ...]


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _solve(keep_prob: jax.Array, reach: Histogram, share: Histogram) -> jax.Array:
    # With s = -log(1 - gamma), -log(kept share) rises from 0 and is concave in s, so that
    # Newton's method from 0 climbs to the root and never overshoots. expm1 and log1p keep
    # small drop rates exact in float32, exp and log small keep_probs.
    n, weight = np.array(reach, np.float32), np.array(share, np.float32)
    drop = jnp.clip(1 - keep_prob, 0, 1)
    tiny = np.finfo(np.float32).tiny
    likely = drop <= _EXACT
    target = -jnp.where(
        likely, jnp.log1p(-jnp.where(likely, drop, 0)), jnp.log(jnp.maximum(keep_prob, tiny))
    )

    def newton(_: int, s: jax.Array) -> jax.Array:
        dropped = jnp.sum(weight * -jnp.expm1(-s * n))
        kept = jnp.sum(weight * jnp.exp(-s * n))
        few = dropped <= _EXACT
        log_kept = jnp.where(
            few, jnp.log1p(-jnp.where(few, dropped, 0)), jnp.log(jnp.maximum(kept, tiny))
        )
        slope = jnp.sum(weight * n * jnp.exp(-s * n)) / jnp.where(
            few, 1 - dropped, jnp.maximum(kept, tiny)
        )
        # It is 1 or more, but for a kept share that float32 cannot hold.
        return s + (target + log_kept) / jnp.maximum(slope, 0.5)

    # 0 * drop: under shard_map it varies over the devices as keep_prob does.
    s = jax.lax.fori_loop(0, _NEWTON_STEPS, newton, 0 * drop)
    return jnp.where(keep_prob > 0, jnp.clip(-jnp.expm1(-s), 0, 1), 1)


@_solve.defjvp
def _solve_jvp(
    reach: Histogram, share: Histogram, primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """Derives mean((1 - gamma) ** n) = keep_prob; at least the corners have n = 1, so no 1 / 0."""
    gamma = _solve(primals[0], reach, share)
    n, weight = np.array(reach, np.float32), np.array(share, np.float32)
    return gamma, -tangents[0] / jnp.sum(weight * n * (1 - gamma) ** (n - 1))


def _reach_histogram(feat: tuple[int, ...], block: tuple[int, ...]) -> tuple[Histogram, Histogram]:
    """How many blocks reach a position, and the share of positions that so many reach."""
    per_axis = []
    for f, b in zip(feat, block, strict=True):
        position = np.arange(f)
        first, last = np.maximum(position - b + 1, 0), np.minimum(position, f - b)
        per_axis.append(Counter((last - first + 1).tolist()))
    histogram: Counter[int] = Counter()
    for combination in itertools.product(*(axis.items() for axis in per_axis)):
        reach = math.prod(n for n, _ in combination)
        histogram[reach] += math.prod(count for _, count in combination)
    positions = sum(histogram.values())
    return tuple(histogram), tuple(count / positions for count in histogram.values())
