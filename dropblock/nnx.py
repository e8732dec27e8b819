"""DropBlock as a Flax NNX layer."""

from collections.abc import Sequence

import jax
from flax import nnx
from jax.typing import ArrayLike

from dropblock import _alone, _check
from dropblock._check import Normalize
from dropblock._operation import dropblock_layer

_alone.check()


class DropBlock(nnx.Module):
    """DropBlock with keep_prob given at call time, so that a schedule can drive it.

    ``deterministic`` and ``rngs`` work as in ``nnx.Dropout``: ``model.eval()`` turns the layer
    off, ``model.train()`` on; the random stream is ``"dropblock"``.

    Args:
      block_size: int, or one int per spatial axis.
      shared_channels: one mask for all channels, see [`dropblock`][dropblock.dropblock].
      normalize: ``"batch"``, ``"example"`` or None, see [`dropblock`][dropblock.dropblock].
      deterministic: if True the input is returned unchanged.
      rng_collection: the name of the random stream.
      rngs: where the key comes from, unless given at the call.

    Raises:
      ValueError: a block size below 1, or an unknown ``normalize``.
      TypeError: a block size is not an integer, or ``rngs`` is no Rngs or RngStream (a key is
        given at the call).

    Examples:
      >>> import jax.numpy as jnp
      >>> from dropblock.nnx import DropBlock
      >>> from flax import nnx
      >>> layer = DropBlock(block_size=7, rngs=nnx.Rngs(dropblock=0))
      >>> y = layer(jnp.ones((8, 14, 14, 64)), keep_prob=0.9)
      >>> bool((y == 0).any())
      True
      >>> layer.eval()  # off, as nnx.Dropout
      >>> bool((layer(y, keep_prob=0.9) == y).all())
      True
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
        self.block_size = _check.block_size_of_layer(block_size)
        _check.normalize(normalize)
        self.shared_channels = shared_channels
        self.normalize = normalize
        self.deterministic = deterministic
        self.rng_collection = rng_collection
        if isinstance(rngs, nnx.Rngs):
            self.rngs = rngs[rng_collection].fork()
        elif isinstance(rngs, nnx.RngStream):
            self.rngs = rngs.fork()
        elif rngs is None:
            self.rngs = nnx.data(None)
        else:
            raise TypeError(
                f"rngs must be an nnx.Rngs, an nnx.RngStream or None, got {type(rngs).__name__}."
            )

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

        Returns:
          Array of ``x``'s shape and dtype.

        Raises:
          ValueError: neither the constructor nor the call says ``deterministic`` or has ``rngs``.
          ValueError, TypeError: as [`dropblock`][dropblock.dropblock].
        """
        if deterministic is None:
            deterministic = self.deterministic
        if deterministic is None:
            raise ValueError("DropBlock needs `deterministic`, in the constructor or at the call.")
        if deterministic:
            return x
        if rngs is None:
            rngs = self.rngs
        if rngs is None:
            raise ValueError(
                "DropBlock needs `rngs` (in the constructor or at the call) to drop blocks."
            )
        if isinstance(rngs, nnx.Rngs):
            key = rngs[self.rng_collection]()
        elif isinstance(rngs, nnx.RngStream):
            key = rngs()
        else:
            key = rngs
        return dropblock_layer(
            key,
            x,
            keep_prob,
            self.block_size,
            shared_channels=self.shared_channels,
            normalize=self.normalize,
        )

    def set_view(self, deterministic: bool | None = None) -> None:
        """Lets ``nnx.view`` turn the layer on and off."""
        if deterministic is not None:
            self.deterministic = deterministic
