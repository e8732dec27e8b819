"""The fully convolutional part of a dense task, the same on every level of a feature pyramid."""

import jax
from flax import nnx
from jax.typing import DTypeLike

from models.layers.batch_norm import batch_norm
from regularizers import NO_DROP, Drop


class Tower(nnx.Module):
    """A chain of 3x3 convolutions on every level, which share kernels but not batch norms.

    Drop sites: "fcn1", "fcn2", ... of each level, after the ReLU of its convolutions; of group 4,
    so that their keep_prob is the config's own.

    Args:
      levels: of the pyramid.
      features: channels of the maps and of all convolutions but the last.
      convs: number of convolutions with batch norm and ReLU, before the last, which has neither.
      outputs: channels of the results.
      last_bias: what the biases of the last convolution are at the start.
      momentum: of the running statistics of batch norm.
      epsilon: of batch norm.
      dtype: of the computation; parameters and statistics are float32.
      rngs: stream "params".
    """

    def __init__(
        self,
        levels: int,
        features: int,
        *,
        convs: int,
        outputs: int,
        last_bias: float = 0.0,
        momentum: float,
        epsilon: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        self.convs = tuple(f"fcn{i}" for i in range(1, convs + 1))
        for name in self.convs:
            setattr(self, name, dense_conv(features, features, dtype=dtype, rngs=rngs))
            for level in range(levels):
                norm = batch_norm(
                    features, momentum=momentum, epsilon=epsilon, dtype=dtype, rngs=rngs
                )
                setattr(self, f"{name}_norm{level}", norm)
        bias = nnx.initializers.constant(last_bias)
        self.last = dense_conv(features, outputs, bias_init=bias, dtype=dtype, rngs=rngs)

    def __call__(
        self, maps: list[jax.Array], *, train: bool, drop: Drop = NO_DROP
    ) -> list[jax.Array]:
        """Maps of ``outputs`` channels, at the sizes of ``maps``, in their order."""
        results = []
        for level, x in enumerate(maps):
            sites = drop.at(f"level{level}")
            for name in self.convs:
                norm = getattr(self, f"{name}_norm{level}")
                x = nnx.relu(norm(getattr(self, name)(x), use_running_average=not train))
                x = sites(x, group=4, site=name)
            results.append(self.last(x))
        return results


def dense_conv(in_features: int, out_features: int, **options) -> nnx.Conv:
    """Makes a 3x3 convolution whose kernel starts with a deviation of 0.01.

    Args:
      in_features: channels of the input.
      out_features: channels of the result.
      options: of ``nnx.Conv``.
    """
    init = nnx.initializers.normal(0.01)
    return nnx.Conv(in_features, out_features, (3, 3), kernel_init=init, **options)
