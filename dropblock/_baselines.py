"""The regularisers that the paper compares DropBlock with (Table 1), in the same calling form."""

from collections.abc import Callable

import jax
from jax.typing import ArrayLike

from dropblock import _check
from dropblock._mask import apply_mask, draw_dropout_mask


def dropout(rng: jax.Array, x: jax.Array, keep_prob: ArrayLike) -> jax.Array:
    """Drops single units with probability ``1 - keep_prob``, scales the rest by ``1/keep_prob``.

    Args:
      rng: a ``jax.random.key``.
      x: (batch, *spatial, channels), one to three spatial axes, any floating dtype; any axis
        may be empty.
      keep_prob: probability in [0, 1], a scalar; may be traced. At 0 the result is zeros.

    Returns:
      Array of ``x``'s shape and dtype.

    Raises:
      ValueError: fewer than three or more than five axes, or a concrete keep_prob outside [0, 1].
      TypeError: ``x`` is not floating, ``rng`` is not one key, or keep_prob is not a number.

    Examples:
      >>> import jax, jax.numpy as jnp
      >>> from dropblock import dropout
      >>> y = dropout(jax.random.key(0), jnp.ones((8, 14, 14, 64)), keep_prob=0.8)
      >>> float(y.max())  # what is kept is scaled by 1 / 0.8
      1.25

    Source:
      Srivastava et al. 2014.
    """
    return _drop(rng, x, keep_prob, lambda ndim: range(0))


def spatial_dropout(rng: jax.Array, x: jax.Array, keep_prob: ArrayLike) -> jax.Array:
    """Drops whole channels of an example; otherwise as [`dropout`][dropblock.dropout].

    Examples:
      >>> import jax, jax.numpy as jnp
      >>> from dropblock import spatial_dropout
      >>> y = spatial_dropout(jax.random.key(0), jnp.ones((8, 14, 14, 64)), 0.9)
      >>> bool((y == y[:, :1, :1]).all())  # a channel of an example is there or not
      True

    Source:
      Tompson et al. 2015.
    """
    return _drop(rng, x, keep_prob, lambda ndim: range(1, ndim - 1))


def drop_path(rng: jax.Array, x: jax.Array, keep_prob: ArrayLike) -> jax.Array:
    """Drops whole examples (a residual branch's output); otherwise as
    [`dropout`][dropblock.dropout].

    Examples:
      >>> import jax, jax.numpy as jnp
      >>> from dropblock import drop_path
      >>> branch = jnp.ones((8, 14, 14, 64))
      >>> y = drop_path(jax.random.key(0), branch, 0.9)
      >>> bool((y == y[:, :1, :1, :1]).all())  # an example is there or not
      True

    Source:
      Larsson et al. 2017 (DropPath); Huang et al. 2016 (stochastic depth).
    """
    return _drop(rng, x, keep_prob, lambda ndim: range(1, ndim))


def _drop(
    rng: jax.Array, x: jax.Array, keep_prob: ArrayLike, broadcast_dims: Callable[[int], range]
) -> jax.Array:
    x = _check.feature_map(x)
    mask = draw_dropout_mask(rng, x.shape, keep_prob, broadcast_dims=broadcast_dims(x.ndim))
    return apply_mask(x, mask)
