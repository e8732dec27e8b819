"""The mask of Algorithm 1: Bernoulli seeds where a whole block fits, each grown to its block."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from dropblock import _check


def block_mask(
    rng: jax.Array,
    shape: Sequence[int],
    gamma: ArrayLike,
    block_size: int | Sequence[int],
    *,
    shared_channels: bool = False,
) -> jax.Array:
    """The keep mask of DropBlock: True where a unit is kept.

    A block may start wherever it fits whole inside the map and does so with probability
    ``gamma``, independently for every example, channel and start. Blocks may be even, oblong
    and larger than the map (then clipped to it); ``block_size`` 1 is dropout's mask, a block as
    large as the map is SpatialDropout's.

    Args:
      rng: a ``jax.random.key``.
      shape: (batch, *spatial, channels), one to three spatial axes.
      gamma: probability in [0, 1] of a seed; a scalar, may be traced.
      block_size: static; an int, or one int per spatial axis.
      shared_channels: draw one mask for all channels (a little worse in the paper, section 3).

    Returns:
      bool array of ``shape``, its last axis 1 if ``shared_channels``.

    Raises:
      ValueError: fewer than three or more than five axes, a block size below 1, or a concrete
        gamma outside [0, 1].
      TypeError: a block size that is not an integer.

    Source: Ghiasi et al. 2018, Algorithm 1 and Figure 2.
    """
    _check.shape(shape)
    _check.probability("gamma", gamma)
    batch, *spatial, channels = shape
    block = _check.block_sizes(block_size, spatial)
    valid = [length - b + 1 for length, b in zip(spatial, block, strict=True)]

    # float32 whatever the activations are: in 16 bits gamma itself would be rounded.
    starts = (batch, *valid, 1 if shared_channels else channels)
    seeds = jax.random.uniform(rng, starts, jnp.float32) < jnp.asarray(gamma, jnp.float32)
    return ~_grow(seeds, block)


def _grow(seeds: jax.Array, block: Sequence[int]) -> jax.Array:
    """Ors every seed into the ``block`` of positions that starts at it; axes grow by block - 1."""
    for axis, size in enumerate(block, start=1):
        pad = [(0, 0)] * seeds.ndim
        pad[axis] = (size - 1, size - 1)
        seeds = jnp.pad(seeds, pad)
        # Windows of 1, 2, 4, ... positions by or-ing shifted copies; the last shift is whatever
        # is left, so a block of 7 costs 3 shifts and not 7.
        width = 1
        while width < size:
            shift = min(width, size - width)
            length = seeds.shape[axis] - shift
            seeds = jax.lax.slice_in_dim(seeds, 0, length, axis=axis) | jax.lax.slice_in_dim(
                seeds, shift, shift + length, axis=axis
            )
            width += shift
    return seeds
