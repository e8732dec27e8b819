"""DropBlock as a Flax Linen layer."""

from collections.abc import Sequence

import jax
from flax import linen as nn
from jax.typing import ArrayLike

from dropblock._gamma import gamma as paper_gamma
from dropblock._operation import Normalize, dropblock


class DropBlock(nn.Module):
    """DropBlock with keep_prob given at call time, so that a schedule can drive it.

    ``deterministic`` works as in ``nn.Dropout`` (in the constructor or at the call, not both);
    the key comes from the stream ``"dropblock"``: ``apply(..., rngs={"dropblock": key})``.

    Attributes:
      block_size: int, or one int per spatial axis.
      shared_channels, normalize: see :func:`dropblock.dropblock`.
      deterministic: if True the input is returned unchanged.
    """

    block_size: int | Sequence[int]
    shared_channels: bool = False
    normalize: Normalize = "batch"
    deterministic: bool | None = None
    rng_collection: str = "dropblock"

    @nn.compact
    def __call__(
        self, x: jax.Array, keep_prob: ArrayLike, deterministic: bool | None = None
    ) -> jax.Array:
        """Applies DropBlock with the paper's gamma (Eq. 1) for ``keep_prob`` and x's own size.

        Args:
          x: (batch, *spatial, channels), floating.
          keep_prob: in [0, 1]; may be traced.
          deterministic: merged with the attribute.
        """
        deterministic = nn.merge_param("deterministic", self.deterministic, deterministic)
        if deterministic:
            return x
        return dropblock(
            self.make_rng(self.rng_collection),
            x,
            paper_gamma(keep_prob, x.shape[1:-1], self.block_size),
            self.block_size,
            shared_channels=self.shared_channels,
            normalize=self.normalize,
        )
