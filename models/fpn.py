"""Feature pyramid networks: maps of one width from the last groups of a ResNet.

Lin et al. 2017 (arXiv 1612.03144) with the choices of the DropBlock paper's code, which is the
RetinaNet of the repository tensorflow/tpu of October 2018.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
from flax import nnx
from jax.typing import DTypeLike

from models.layers.batch_norm import batch_norm
from models.layers.convolution import convolution

#: (map, (height, width)) -> the map at that size
Upsample = Callable[[jax.Array, tuple[int, int]], jax.Array]


class FPN(nnx.Module):
    """The top-down path: lateral 1x1 convolutions, sums from above, a 3x3 convolution and BN each.

    Beyond the backbone's smallest map, levels of half the size each are made by a 3x3 convolution
    of stride 2 on the level before them, ahead of its batch norm: the first of them without a
    ReLU, the others after one.

    Args:
      in_features: channels of the backbone's maps, from the largest map to the smallest.
      features: channels of the results.
      upsample: brings a map to the size of the one below.
      smaller: number of levels beyond the backbone's.
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
        smaller: int = 0,
        momentum: float,
        epsilon: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        self.levels, self.smaller, self.upsample = len(in_features), smaller, upsample
        init = nnx.initializers.glorot_uniform()
        conv: dict[str, Any] = {"kernel_init": init, "dtype": dtype, "rngs": rngs}
        for level in range(self.levels + smaller):
            if level < self.levels:
                lateral = convolution(in_features[level], features, (1, 1), **conv)
                setattr(self, f"lateral{level}", lateral)
                setattr(self, f"smooth{level}", convolution(features, features, (3, 3), **conv))
            else:
                setattr(self, f"shrink{level}", convolution(features, features, (3, 3), 2, **conv))
            norm = batch_norm(features, momentum=momentum, epsilon=epsilon, dtype=dtype, rngs=rngs)
            setattr(self, f"norm{level}", norm)

    def __call__(self, maps: Sequence[jax.Array], *, train: bool) -> list[jax.Array]:
        """Maps of ``features`` channels: at the sizes of ``maps`` in their order, then smaller."""
        merged: list[jax.Array] = []
        for level in reversed(range(self.levels)):
            own = getattr(self, f"lateral{level}")(maps[level])
            if merged:
                own = own + self.upsample(merged[0], own.shape[1:3])
            merged.insert(0, own)
        levels = [getattr(self, f"smooth{level}")(own) for level, own in enumerate(merged)]
        for level in range(self.levels, self.levels + self.smaller):
            above = levels[-1] if level == self.levels else nnx.relu(levels[-1])
            levels.append(getattr(self, f"shrink{level}")(above))
        return [
            getattr(self, f"norm{level}")(own, use_running_average=not train)
            for level, own in enumerate(levels)
        ]
