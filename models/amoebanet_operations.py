"""The parts of an AmoebaNet cell: convolutions, and the operations on its edges."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from models.layers.batch_norm import batch_norm
from models.layers.convolution import convolution
from regularizers import Drop

#: (features, kernel, strides) of a convolution
Conv = tuple[int, tuple[int, int], tuple[int, int]]


def conv(in_features: int, out_features: int, kernel=(1, 1), strides=(1, 1), **options) -> nnx.Conv:
    """Makes a convolution without bias whose kernel starts at He et al.'s (2015) variance.

    Fan-in, not fan-out: a depthwise kernel's fan-out counts all channels, which would start it so
    small that batch norm's epsilon outweighs the variance.
    """
    init = nnx.initializers.variance_scaling(2.0, "fan_in", "normal")
    return convolution(
        in_features, out_features, kernel, strides, use_bias=False, kernel_init=init, **options
    )


class ConvNorm(nnx.Module):
    """A convolution, then batch norm; a ``separable`` one is depthwise, then 1x1."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        kernel: tuple[int, int] = (1, 1),
        strides: tuple[int, int] = (1, 1),
        *,
        separable: bool = False,
        padding: str = "SAME",
        momentum: float,
        epsilon: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        options = {"padding": padding, "dtype": dtype, "rngs": rngs}
        if separable:
            self.depthwise: nnx.Conv | None = conv(
                in_features,
                in_features,
                kernel,
                strides,
                feature_group_count=in_features,
                **options,
            )
            self.conv = conv(in_features, out_features, **options)
        else:
            self.depthwise = None
            self.conv = conv(in_features, out_features, kernel, strides, **options)
        self.norm = batch_norm(
            out_features, momentum=momentum, epsilon=epsilon, dtype=dtype, rngs=rngs
        )

    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        if self.depthwise is not None:
            x = self.depthwise(x)
        return self.norm(self.conv(x), use_running_average=not train)


class HalveMap(nnx.Module):
    """Halves a map: half of the features come from its even pixels, half from its odd ones.

    The even ones are (0, 0), (0, 2), ..., the odd ones (1, 1), (1, 3), ..., with zeros beyond the
    last pixel. One batch norm follows both.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        momentum: float,
        epsilon: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        half = out_features // 2
        self.even = conv(in_features, half, strides=(2, 2), dtype=dtype, rngs=rngs)
        self.odd = conv(in_features, out_features - half, dtype=dtype, rngs=rngs)
        self.norm = batch_norm(
            out_features, momentum=momentum, epsilon=epsilon, dtype=dtype, rngs=rngs
        )

    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        even, odd = self.even(x), x[:, 1::2, 1::2]
        missing = [(0, even.shape[axis] - odd.shape[axis]) for axis in (1, 2)]
        odd = self.odd(jnp.pad(odd, ((0, 0), *missing, (0, 0))))
        halves = jnp.concatenate([even, odd], axis=-1)
        return self.norm(halves, use_running_average=not train)


class Operation(nnx.Module):
    """The operation on one edge of a cell: a chain of ReLU, convolution, batch norm; or a pool.

    Drop sites: "conv" after each batch norm and "branch" at the end. ``none`` is a skip
    connection whatever shape it has to take, so its one site is "skip", as on the shortcut of a
    residual block.

    Args:
      name: as in :data:`models.amoebanet_cells.GENOTYPES`.
      in_features: channels of the input.
      width: channels of the output.
      stride: of the operation as a whole.
      group: block group of its drop sites.
      options: ``momentum``, ``epsilon``, ``dtype`` and ``rngs`` of the convolutions.
    """

    def __init__(
        self, name: str, in_features: int, width: int, stride: int, group: int, **options: Any
    ):
        self.name, self.stride, self.group = name, stride, group
        convs = convolutions(name, in_features, width, stride)
        self.convs = tuple(f"conv{i}" for i in range(1, len(convs) + 1))
        for conv_name, (features, kernel, strides) in zip(self.convs, convs, strict=True):
            separable = name.startswith("separable")
            layer = ConvNorm(in_features, features, kernel, strides, separable=separable, **options)
            setattr(self, conv_name, layer)
            in_features = features

    def __call__(self, x: jax.Array, *, train: bool, drop: Drop) -> jax.Array:
        skip = self.name == "none"
        if "pool" in self.name:
            x = pool(x, self.name, self.stride)
        for name in self.convs:
            x = getattr(self, name)(nnx.relu(x), train=train)
            if not skip:
                x = drop(x, group=self.group, site=name)
        return drop(x, group=self.group, site="skip" if skip else "branch")


def convolutions(name: str, in_features: int, width: int, stride: int) -> list[Conv]:
    """Lists the convolutions of an operation, which together have the stride ``stride``.

    The published multiply-adds decide where a bottleneck strides: at the first of its
    convolutions that is larger than 1x1. At the 1x1 before, AmoebaNet-A (6, 190) has 22.95 G and B
    (6, 256) 37.7 G; with 1x7 and 7x1 each striding along its own axis A has 23.13 G.
    """
    point, once, strides = (1, 1), (1, 1), (stride, stride)
    if name == "none":
        return [] if stride == 1 and in_features == width else [(width, point, strides)]
    if "pool" in name:
        return [] if in_features == width else [(width, point, once)]
    if name == "1x1":
        return [(width, point, strides)]
    if name.startswith("separable"):
        _, kernel, times = name.split("_")
        each = [once] * int(times)
        each[0] = strides
        return [(width, _size(kernel), s) for s in each]
    first, *rest = name.split("_")
    inner = width // 4
    return [
        (inner, point, once),
        (inner, _size(first), strides),
        *((inner, _size(kernel), once) for kernel in rest),
        (width, point, once),
    ]


def pool(x: jax.Array, name: str, stride: int) -> jax.Array:
    """Pools as a name such as ``max_pool_3x3`` says; padding does not count in an average."""
    kind, _, size = name.split("_")
    window, strides = _size(size), (stride, stride)
    if kind == "max":
        return nnx.max_pool(x, window, strides, "SAME")
    mean = nnx.avg_pool(x, window, strides, "SAME", count_include_pad=False)
    return mean.astype(x.dtype)


def _size(kernel: str) -> tuple[int, int]:
    height, width = kernel.split("x")
    return int(height), int(width)
