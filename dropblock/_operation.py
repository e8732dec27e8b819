"""DropBlock itself, Algorithm 1: mask the activations and rescale what is left."""

from collections.abc import Sequence

import jax
from jax.typing import ArrayLike

from dropblock import _check
from dropblock._check import Normalize
from dropblock._gamma import gamma as paper_gamma
from dropblock._mask import apply_mask, draw_mask


def dropblock(
    rng: jax.Array,
    x: jax.Array,
    gamma: ArrayLike,
    block_size: int | Sequence[int],
    *,
    shared_channels: bool = False,
    normalize: Normalize = "batch",
) -> jax.Array:
    """Applies DropBlock to ``x``, Algorithm 1 of the paper (in training; at inference omit it).

    ``x * mask * count(mask) / count_ones(mask)``, with the mask of
    [`block_mask`][dropblock.block_mask]. Under ``jit`` with sharded arrays the mask and the counts
    are those of the global array, whatever the mesh. Under ``pmap`` or ``shard_map`` give every
    device its own key; the counts are then per device. Where everything is dropped the result is
    zeros, with finite gradients.

    Args:
      rng: a ``jax.random.key``.
      x: (batch, *spatial, channels), one to three spatial axes, any floating dtype; any axis
        may be empty.
      gamma: probability in [0, 1] that a block starts at a position, see
        [`gamma`][dropblock.gamma] and [`exact_gamma`][dropblock.exact_gamma]; a scalar, may be
        traced (a schedule never recompiles).
      block_size: static; an int, or one int per spatial axis; clipped to the map.
      shared_channels: one mask for all channels; by default each channel has its own.
      normalize: ``"batch"``: one count over all of ``x``, as in the authors' code;
        ``"example"``: one count per example; ``None``: no rescaling.

    Returns:
      Array of ``x``'s shape and dtype.

    Raises:
      ValueError: fewer than three or more than five axes, a block size below 1, a concrete
        gamma outside [0, 1], an unknown ``normalize``, or a map too large
        ([`draw_mask`][dropblock.draw_mask]).
      TypeError: ``x`` is not floating, ``rng`` is not one key, gamma is not a number, or a
        block size is not an integer.

    Examples:
      >>> import jax, jax.numpy as jnp
      >>> from dropblock import dropblock, gamma
      >>> x = jnp.ones((8, 14, 14, 64))
      >>> apply = jax.jit(dropblock, static_argnames="block_size")
      >>> y = apply(jax.random.key(0), x, gamma(0.9, (14, 14), 7), block_size=7)
      >>> bool((y == 0).any()), round(float(y.mean()), 3)  # units are gone, the mean is kept
      (True, 1.0)

    Source:
      Ghiasi et al. 2018, Algorithm 1; the count over the batch: resnet_model.py in the repository
      tensorflow/tpu.
    """
    x = _check.feature_map(x)
    mask = draw_mask(
        rng, x.shape, gamma, block_size, shared_channels=shared_channels, normalize=normalize
    )
    return apply_mask(x, mask)


def dropblock_layer(
    rng: jax.Array,
    x: jax.Array,
    keep_prob: ArrayLike,
    block_size: int | Sequence[int],
    *,
    shared_channels: bool,
    normalize: Normalize,
) -> jax.Array:
    """Applies DropBlock with the gamma of Eq. 1 for ``x``'s own size: what a Flax layer does."""
    x = _check.feature_map(x)
    gamma = paper_gamma(keep_prob, x.shape[1:-1], block_size)
    return dropblock(
        rng, x, gamma, block_size, shared_channels=shared_channels, normalize=normalize
    )
