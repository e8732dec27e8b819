"""Feature pyramid networks: maps of one width from the last groups of a ResNet.

Lin et al. 2017 (arXiv 1612.03144) with the choices of the DropBlock paper's code, which is the
RetinaNet of the repository tensorflow/tpu of October 2018.
"""

from collections.abc import Callable, Sequence

import jax
from flax import nnx
from jax.typing import DTypeLike

from models.layers.batch_norm import batch_norm

#: (map, (height, width)) -> the map at that size
Upsample = Callable[[jax.Array, tuple[int, int]], jax.Array]


class FPN(nnx.Module):
    """The top-down path: lateral 1x1 convolutions, sums from above, a 3x3 convolution and BN each.

    Args:
      in_features: channels of the backbone's maps, from the largest map to the smallest.
      features: channels of the results.
      upsample: brings a map to the size of the one below.
      momentum: of the running statistics of batch norm.
      epsilon: of batch norm.
      dtype: of the computation; parameters and statistics are float32.
      rngs: stream "params".
    """

    def __init__(
        self,
        in_features: Sequence[int],
        features: int,
        *,
        upsample: Upsample,
        momentum: float,
        epsilon: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        self.levels, self.upsample = len(in_features), upsample
        init = nnx.initializers.glorot_uniform()
        for level, channels in enumerate(in_features):
            lateral = nnx.Conv(channels, features, (1, 1), kernel_init=init, dtype=dtype, rngs=rngs)
            smooth = nnx.Conv(features, features, (3, 3), kernel_init=init, dtype=dtype, rngs=rngs)
            norm = batch_norm(features, momentum=momentum, epsilon=epsilon, dtype=dtype, rngs=rngs)
            setattr(self, f"lateral{level}", lateral)
            setattr(self, f"smooth{level}", smooth)
            setattr(self, f"norm{level}", norm)

    def __call__(self, maps: Sequence[jax.Array], *, train: bool) -> list[jax.Array]:
        """Maps of ``features`` channels, at the sizes of ``maps``, in their order."""
        merged: list[jax.Array] = []
        for level in reversed(range(self.levels)):
            own = getattr(self, f"lateral{level}")(maps[level])
            if merged:
                own = own + self.upsample(merged[0], own.shape[1:3])
            merged.insert(0, own)
        results = []
        for level, own in enumerate(merged):
            smooth, norm = (getattr(self, f"{kind}{level}") for kind in ("smooth", "norm"))
            results.append(norm(smooth(own), use_running_average=not train))
        return results
