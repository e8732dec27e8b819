"""The mask of Algorithm 1: Bernoulli seeds where a whole block fits, each grown to its block."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from dropblock import _check, _packed


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
    block = _check.block_sizes(block_size, shape[1:-1])
    return ~_packed.unpack(sample(rng, shape, gamma, block, shared_channels))


@jax.named_scope("dropblock")
def sample(
    rng: jax.Array,
    shape: Sequence[int],
    gamma: ArrayLike,
    block: tuple[int, ...],
    shared_channels: bool,
) -> _packed.Packed:
    """The complement of :func:`block_mask` as words; ``block`` is clipped already."""
    *outer, channels = shape
    # float32 whatever the activations are: in 16 bits gamma itself would be rounded.
    gamma = jnp.asarray(gamma, jnp.float32)
    shape = (*outer, 1 if shared_channels else channels)
    dropped: _packed.Packed = _packed.sample(rng, gamma, shape, block)
    return dropped
