"""DropBlock as a Flax Linen layer."""

from collections.abc import Sequence

import jax
from flax import linen as nn
from jax.typing import ArrayLike

from dropblock import _alone, _check
from dropblock._check import Normalize
from dropblock._operation import dropblock_layer

_alone.check()


class DropBlock(nn.Module):
    """DropBlock with keep_prob given at call time, so that a schedule can drive it.

    ``deterministic`` works as in ``nn.Dropout`` (in the constructor or at the call, not both);
    the key comes from the stream ``"dropblock"``: ``apply(..., rngs={"dropblock": key})``.

    Attributes:
      block_size: int, or one int per spatial axis.
      shared_channels: one mask for all channels, see [`dropblock`][dropblock.dropblock].
      normalize: ``"batch"``, ``"example"`` or None, see [`dropblock`][dropblock.dropblock].
      deterministic: if True the input is returned unchanged.
      rng_collection: the name of the stream that the key comes from.

    Raises:
      ValueError, TypeError: a block size below 1 or not an integer, an unknown ``normalize``.

    Examples:
      >>> import jax, jax.numpy as jnp
      >>> from dropblock.linen import DropBlock
      >>> layer = DropBlock(block_size=7)
      >>> x, rngs = jnp.ones((8, 14, 14, 64)), {"dropblock": jax.random.key(0)}
      >>> y = layer.apply({}, x, 0.9, deterministic=False, rngs=rngs)
      >>> bool((y == 0).any())
      True
    """

    block_size: int | Sequence[int]
    shared_channels: bool = False
    normalize: Normalize = "batch"
    deterministic: bool | None = None
    rng_collection: str = "dropblock"

    def __post_init__(self) -> None:
        self.block_size = _check.block_size_of_layer(self.block_size)
        _check.normalize(self.normalize)
        super().__post_init__()

    @nn.compact
    def __call__(
        self, x: jax.Array, keep_prob: ArrayLike, deterministic: bool | None = None
    ) -> jax.Array:
        """Applies DropBlock with the paper's gamma (Eq. 1) for ``keep_prob`` and x's own size.

        Args:
          x: (batch, *spatial, channels), floating.
          keep_prob: in [0, 1]; may be traced.
          deterministic: given here or as the attribute.

        Returns:
          Array of ``x``'s shape and dtype.

        Raises:
          ValueError: ``deterministic`` is given in both places or in none.
          ValueError, TypeError: as [`dropblock`][dropblock.dropblock].
        """
        deterministic = nn.merge_param("deterministic", self.deterministic, deterministic)
        if deterministic:
            return x
        return dropblock_layer(
            self.make_rng(self.rng_collection),
            x,
            keep_prob,
            self.block_size,
            shared_channels=self.shared_channels,
            normalize=self.normalize,
        )
