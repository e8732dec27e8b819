"""DropBlock as a Flax NNX layer."""

from collections.abc import Sequence

import jax
from flax import nnx
from flax.nnx.module import first_from
from jax.typing import ArrayLike

from dropblock._gamma import gamma as paper_gamma
from dropblock._operation import Normalize, dropblock


class DropBlock(nnx.Module):
    """DropBlock with keep_prob given at call time, so that a schedule can drive it.

    ``deterministic`` and ``rngs`` work as in ``nnx.Dropout``: ``model.eval()`` turns the layer
    off, ``model.train()`` on; the random stream is ``"dropblock"``.

    >>> layer = DropBlock(block_size=7, rngs=nnx.Rngs(dropblock=0))
    >>> y = layer(x, keep_prob=0.9)

    Args:
      block_size: int, or one int per spatial axis.
      shared_channels, normalize: see :func:`dropblock.dropblock`.
      deterministic: if True the input is returned unchanged.
      rngs: where the key comes from, unless given at the call.
    """

    def __init__(
        self,
        block_size: int | Sequence[int],
        *,
        shared_channels: bool = False,
        normalize: Normalize = "batch",
        deterministic: bool | None = False,
        rng_collection: str = "dropblock",
        rngs: nnx.Rngs | nnx.RngStream | None = None,
    ):
        self.block_size = block_size if isinstance(block_size, int) else tuple(block_size)
        self.shared_channels = shared_channels
        self.normalize = normalize
        self.deterministic = deterministic
        self.rng_collection = rng_collection
        if isinstance(rngs, nnx.Rngs):
            self.rngs = rngs[rng_collection].fork()
        elif isinstance(rngs, nnx.RngStream):
            self.rngs = rngs.fork()
        else:
            self.rngs = nnx.data(None)

    def __call__(
        self,
        x: jax.Array,
        keep_prob: ArrayLike,
        *,
        deterministic: bool | None = None,
        rngs: nnx.Rngs | nnx.RngStream | jax.Array | None = None,
    ) -> jax.Array:
        """Applies DropBlock with the paper's gamma (Eq. 1) for ``keep_prob`` and x's own size.

        Args:
          x: (batch, *spatial, channels), floating.
          keep_prob: in [0, 1]; may be traced.
          deterministic: takes precedence over the constructor's.
          rngs: a key, stream or Rngs; takes precedence over the constructor's.

        Raises:
          ValueError: neither the constructor nor the call says ``deterministic`` or has ``rngs``;
            or as :func:`dropblock.dropblock`.
        """
        deterministic = first_from(
            deterministic,
            self.deterministic,
            error_msg="DropBlock needs `deterministic`, in the constructor or at the call.",
        )
        if deterministic:
            return x
        rngs = first_from(
            rngs,
            self.rngs,
            error_msg="DropBlock needs `rngs` (in the constructor or at the call) to drop blocks.",
        )
        if isinstance(rngs, nnx.Rngs):
            key = rngs[self.rng_collection]()
        elif isinstance(rngs, nnx.RngStream):
            key = rngs()
        else:
            key = rngs
        return dropblock(
            key,
            x,
            paper_gamma(keep_prob, x.shape[1:-1], self.block_size),
            self.block_size,
            shared_channels=self.shared_channels,
            normalize=self.normalize,
        )

    def set_view(self, deterministic: bool | None = None) -> None:
        """Lets ``nnx.view`` turn the layer on and off."""
        if deterministic is not None:
            self.deterministic = deterministic
