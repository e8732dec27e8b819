"""What an AmoebaNet cell is made of: convolutions, the operations on its edges, its drop sites."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from models.batch_norm import batch_norm
from models.drop_sites import Drop

#: Of batch norm.
EPSILON = 1e-3
#: (features, kernel, strides) of a convolution
Conv = tuple[int, tuple[int, int], tuple[int, int]]


def conv(in_features: int, out_features: int, kernel=(1, 1), strides=(1, 1), **options) -> nnx.Conv:
    """Without bias; its kernel starts at He et al.'s (2015) variance.

    That of what a unit reads: what reads a unit of a depthwise convolution is one channel, but
    its kernel's shape says all of them, and batch norm's epsilon would rule over what is left.
    """
    init = nnx.initializers.variance_scaling(2.0, "fan_in", "normal")
    return nnx.Conv(
        in_features, out_features, kernel, strides, use_bias=False, kernel_init=init, **options
    )


class ConvNorm(nnx.Module):
    """Convolution, then batch norm; a ``separable`` one is depthwise, then 1x1."""

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
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        options = {"padding": padding, "dtype": dtype, "rngs": rngs}
        if separable:
            self.depthwise = conv(
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
            out_features, momentum=momentum, epsilon=EPSILON, dtype=dtype, rngs=rngs
        )

    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        if self.depthwise is not None:
            x = self.depthwise(x)
        return self.norm(self.conv(x), use_running_average=not train)


class HalveMap(nnx.Module):
    """Half of the features from the pixels (0, 0), (0, 2), ..., half from (1, 1), (1, 3), ...

    With zeros beyond the last pixel, and a batch norm over both halves.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        momentum: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        half = out_features // 2
        self.even = conv(in_features, half, strides=(2, 2), dtype=dtype, rngs=rngs)
        self.odd = conv(in_features, out_features - half, strides=(2, 2), dtype=dtype, rngs=rngs)
        self.norm = batch_norm(
            out_features, momentum=momentum, epsilon=EPSILON, dtype=dtype, rngs=rngs
        )

    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        shifted = jnp.pad(x[:, 1:, 1:], ((0, 0), (0, 1), (0, 1), (0, 0)))
        halves = jnp.concatenate([self.even(x), self.odd(shifted)], axis=-1)
        return self.norm(halves, use_running_average=not train)


class CellSites:
    """The drop sites of one call of a cell; its batch norms are conv1, conv2, ... in turn."""

    def __init__(self, drop: Drop | None, group: int):
        self._drop, self._group, self._convs = drop, group, 0

    def __call__(self, x: jax.Array, kind: str) -> jax.Array:
        if self._drop is None:
            return x
        if kind == "conv":
            self._convs += 1
            kind = f"conv{self._convs}"
        return self._drop(x, group=self._group, site=kind)


class Operation(nnx.Module):
    """The operation on one edge of a cell, by its name: a chain of ReLU-convolution-BN, a pool.

    Drop sites: "conv" after each batch norm and "branch" at the end. ``none`` is a skip
    connection whatever shape it has to take, so its one site is "skip", as on the shortcut of a
    residual block.
    """

    def __init__(
        self,
        name: str,
        in_features: int,
        width: int,
        stride: int,
        *,
        momentum: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        self.name, self.stride = name, stride
        convs = convolutions(name, in_features, width, stride)
        self.convs = tuple(f"conv{i}" for i in range(1, len(convs) + 1))
        for conv_name, (features, kernel, strides) in zip(self.convs, convs, strict=True):
            separable = name.startswith("separable")
            layer = ConvNorm(
                in_features,
                features,
                kernel,
                strides,
                separable=separable,
                momentum=momentum,
                dtype=dtype,
                rngs=rngs,
            )
            setattr(self, conv_name, layer)
            in_features = features

    def __call__(self, x: jax.Array, *, train: bool, sites: CellSites) -> jax.Array:
        skip = self.name == "none"
        if "pool" in self.name:
            x = pool(x, self.name, self.stride)
        for name in self.convs:
            x = getattr(self, name)(nnx.relu(x), train=train)
            if not skip:
                x = sites(x, "conv")
        return sites(x, "skip" if skip else "branch")


def convolutions(name: str, in_features: int, width: int, stride: int) -> list[Conv]:
    """The convolutions of an operation in turn; their ``stride`` x ``stride`` is as a whole.

    Where a bottleneck strides is decided by the published multiply-adds: on the first of its
    convolutions that looks around. On the 1x1 before, AmoebaNet-A (6, 190) has 22.95 G and B
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
    """``max_pool_3x3`` and the like; an average leaves out what the padding added."""
    kind, _, size = name.split("_")
    window, strides = _size(size), (stride, stride)
    if kind == "max":
        return nnx.max_pool(x, window, strides, "SAME")
    mean = nnx.avg_pool(x, window, strides, "SAME", count_include_pad=False)
    return mean.astype(x.dtype)


def _size(kernel: str) -> tuple[int, int]:
    height, width = kernel.split("x")
    return int(height), int(width)
