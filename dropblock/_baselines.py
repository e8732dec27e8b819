"""The regularisers that the paper compares DropBlock with (Table 1), in the same calling form."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from dropblock import _check

#: What is drawn once: the mask's shape for an array of a shape.
MASK_SHAPES: dict[str, Callable[[Sequence[int]], tuple[int, ...]]] = {
    "dropout": tuple,
    "spatial_dropout": lambda shape: (shape[0], *[1] * (len(shape) - 2), shape[-1]),
    "drop_path": lambda shape: (shape[0], *[1] * (len(shape) - 1)),
}


def dropout(rng: jax.Array, x: jax.Array, keep_prob: ArrayLike) -> jax.Array:
    """Drops single units with probability ``1 - keep_prob``, scales the rest by ``1/keep_prob``.

    Args:
      rng: a ``jax.random.key``.
      x: (batch, *spatial, channels), one to three spatial axes, any floating dtype.
      keep_prob: probability in [0, 1], a scalar; may be traced. At 0 the result is zeros.

    Returns:
      Array of ``x``'s shape and dtype.

    Raises:
      ValueError: fewer than three or more than five axes, or a concrete keep_prob outside [0, 1].
      TypeError: ``x`` is not floating.

    Source: Srivastava et al. 2014.
    """
    return drop_by_mask_shape(MASK_SHAPES["dropout"], rng, x, keep_prob)[0]


def spatial_dropout(rng: jax.Array, x: jax.Array, keep_prob: ArrayLike) -> jax.Array:
    """Drops whole channels of an example; otherwise as :func:`dropout`.

    Source: Tompson et al. 2015.
    """
    return drop_by_mask_shape(MASK_SHAPES["spatial_dropout"], rng, x, keep_prob)[0]


def drop_path(rng: jax.Array, x: jax.Array, keep_prob: ArrayLike) -> jax.Array:
    """Drops whole examples (a residual branch's output); otherwise as :func:`dropout`.

    Source: Larsson et al. 2017 (DropPath); Huang et al. 2016 (stochastic depth).
    """
    return drop_by_mask_shape(MASK_SHAPES["drop_path"], rng, x, keep_prob)[0]


def drop_by_mask_shape(
    mask_shape: Callable[[Sequence[int]], tuple[int, ...]],
    rng: jax.Array,
    x: jax.Array,
    keep_prob: ArrayLike,
) -> tuple[jax.Array, jax.Array]:
    """The result, and the realised share of dropped units, a float32 scalar."""
    _check.feature_map(x)
    _check.probability("keep_prob", keep_prob)
    return drop_where(x, keep_mask(mask_shape, rng, x.shape, keep_prob), keep_prob)


def keep_mask(
    mask_shape: Callable[[Sequence[int]], tuple[int, ...]],
    rng: jax.Array,
    shape: Sequence[int],
    keep_prob: ArrayLike,
) -> jax.Array:
    """True where units of an array of ``shape`` are kept, of shape ``mask_shape(shape)``."""
    keep_prob = jnp.asarray(keep_prob, jnp.float32)
    return jax.random.uniform(rng, mask_shape(shape), jnp.float32) < keep_prob


def drop_where(x: jax.Array, mask: jax.Array, keep_prob: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """:func:`drop_by_mask_shape` with a mask that was drawn before."""
    keep_prob = jnp.asarray(keep_prob, jnp.float32)
    scale = 1 / jnp.where(keep_prob > 0, keep_prob, 1)  # at 0 nothing is kept: no 0 * inf
    compute = jnp.promote_types(x.dtype, jnp.float32)
    y = jnp.where(mask, (x.astype(compute) * scale).astype(x.dtype), 0)
    return y, 1 - jnp.mean(mask, dtype=jnp.float32)
