"""ResNet-10, 18, 34, 50 and 101 for large and for small images.

He et al. 2016 (arXiv 1512.03385) with the choices of the DropBlock paper's code: post-activation,
stride in the 3x3 convolution, projection shortcuts, the last batch norm of a block starts at zero
(Goyal et al. 2017).
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from models.layers.batch_norm import batch_norm, check_batch_norm
from models.layers.convolution import convolution
from models.layers.materialise import materialise
from regularizers import NO_DROP, Drop

BLOCKS_PER_GROUP = {
    10: (1, 1, 1, 1),
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
}


class ConvNorm(nnx.Module):
    """Convolution without bias, padded by half its kernel, then batch norm."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        kernel: int,
        stride: int = 1,
        *,
        zero_scale: bool = False,
        momentum: float,
        epsilon: float,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ):
        self.conv = convolution(
            in_features,
            out_features,
            (kernel, kernel),
            stride,
            padding=[(kernel // 2, kernel // 2)] * 2,
            use_bias=False,
            kernel_init=nnx.initializers.variance_scaling(2.0, "fan_out", "normal"),
            dtype=dtype,
            rngs=rngs,
        )
        self.norm = batch_norm(
            out_features,
            momentum=momentum,
            epsilon=epsilon,
            scale_init=nnx.initializers.zeros if zero_scale else nnx.initializers.ones,
            dtype=dtype,
            rngs=rngs,
        )

    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        return self.norm(self.conv(x), use_running_average=not train)


class ResidualBlock(nnx.Module):
    """A chain of convolutions beside a shortcut; ReLU after each and after the sum.

    Drop sites: the shortcut (after its projection), after each convolution's ReLU, and after
    the last convolution's batch norm, before the sum, where the whole branch has a site too
    (Ghiasi et al. 2018, section 4.1).

    Args:
      in_features: channels of the input.
      convs: (features, kernel, stride) of each convolution.
      group: block group, 1 to 4.
      options: ``momentum``, ``epsilon``, ``dtype`` and ``rngs`` of the convolutions.
    """

    def __init__(
        self, in_features: int, convs: list[tuple[int, int, int]], group: int, **options: Any
    ):
        self.group = group
        self.names = tuple(f"conv{i}" for i in range(1, len(convs) + 1))
        features, stride = in_features, 1
        for name, (out_features, kernel, conv_stride) in zip(self.names, convs, strict=True):
            last = name == self.names[-1]
            conv = ConvNorm(features, out_features, kernel, conv_stride, zero_scale=last, **options)
            setattr(self, name, conv)
            features, stride = out_features, stride * conv_stride
        same_shape = stride == 1 and features == in_features
        self.projection = (
            None if same_shape else ConvNorm(in_features, features, 1, stride, **options)
        )

    def __call__(self, x: jax.Array, *, train: bool, drop: Drop) -> jax.Array:
        shortcut = x if self.projection is None else self.projection(x, train=train)
        shortcut = drop(shortcut, group=self.group, site="skip")
        for name in self.names:
            x = getattr(self, name)(x, train=train)
            if name != self.names[-1]:
                x = nnx.relu(x)
            x = drop(x, group=self.group, site=name)
        x = drop(x, group=self.group, site="branch")
        first: ConvNorm = getattr(self, self.names[0])
        return materialise(nnx.relu(shortcut + x), first.norm.var[...])


class ResNet(nnx.Module):
    """A ResNet classifier.

    Args:
      depth: 10, 18, 34 (basic blocks), 50 or 101 (bottleneck blocks).
      width: channels of the first group; 64 in the paper. They double with every group.
      small_images: a 3x3 stem of stride 1 without pooling (CIFAR, digits) in place of the 7x7
        stem of stride 2 with 3x3 max pooling.
      momentum: of the running statistics of batch norm.
      epsilon: of batch norm.
      frozen: beginnings of parameter names, such as "stem" or "group1", that training leaves as
        they are.
      num_classes: number of logits; None for a backbone, which has :meth:`features` alone.
      in_channels: channels of the images.
      dtype: of the computation; parameters and statistics are float32.
      rngs: stream "params".

    Raises:
      ValueError: an unknown depth, or a width below 1; the message begins with the field's name.
    """

    #: The parts that may be new where a run starts from another network (``config.init_from``).
    NEW_PARTS = ("head",)

    def __init__(
        self,
        *,
        depth: int = 50,
        width: int = 64,
        small_images: bool = False,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        frozen: tuple[str, ...] = (),
        num_classes: int | None = 1000,
        in_channels: int = 3,
        dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        if depth not in BLOCKS_PER_GROUP:
            allowed = ", ".join(map(str, BLOCKS_PER_GROUP))
            raise ValueError(f"depth must be one of {allowed}, got {depth}.")
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}.")
        check_batch_norm(momentum, epsilon)
        options: dict[str, Any] = {
            "momentum": momentum, "epsilon": epsilon, "dtype": dtype, "rngs": rngs,
        }  # fmt: skip
        self.small_images, self.frozen = small_images, tuple(frozen)
        kernel, stride = (3, 1) if small_images else (7, 2)
        self.stem = ConvNorm(in_channels, width, kernel, stride, **options)
        groups, group_features = [], []
        features = width
        for group, count in enumerate(BLOCKS_PER_GROUP[depth], start=1):
            names = [f"group{group}_block{index}" for index in range(1, count + 1)]
            for name in names:
                stride = 2 if group > 1 and name == names[0] else 1
                inner = width * 2 ** (group - 1)
                if depth >= 50:
                    convs = [(inner, 1, 1), (inner, 3, stride), (4 * inner, 1, 1)]
                else:
                    convs = [(inner, 3, stride), (inner, 3, 1)]
                setattr(self, name, ResidualBlock(features, convs, group, **options))
                features = convs[-1][0]
            groups.append(tuple(names))
            group_features.append(features)
        self.groups, self.group_features = tuple(groups), tuple(group_features)
        if num_classes is not None:
            init = nnx.initializers.normal(0.01)
            self.head = nnx.Linear(features, num_classes, kernel_init=init, rngs=rngs)

    def features(
        self, x: jax.Array, *, train: bool = False, drop: Drop = NO_DROP
    ) -> list[jax.Array]:
        """Computes the maps after each of the four groups, (batch, height, width, channels)."""
        x = nnx.relu(self.stem(x, train=train))
        if not self.small_images:
            x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))
        maps = []
        for names in self.groups:
            for name in names:
                x = getattr(self, name)(x, train=train, drop=drop.at(name))
            maps.append(x)
        return maps

    def __call__(self, x: jax.Array, *, train: bool = False, drop: Drop = NO_DROP) -> jax.Array:
        """Computes logits.

        Args:
          x: (batch, height, width, in_channels), normalised images.
          train: batch norm uses and updates the batch's statistics.
          drop: called at every drop site; by default nothing is dropped.

        Returns:
          (batch, num_classes) float32.
        """
        last = self.features(x, train=train, drop=drop)[-1]
        pooled = jnp.mean(last.astype(jnp.float32), axis=(1, 2))
        return self.head(drop(pooled, group=4, site="head"))
