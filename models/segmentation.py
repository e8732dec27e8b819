"""ResNet-FPN for semantic segmentation, as the DropBlock paper's code has it (section 4.4).

The repository tensorflow/tpu of October 2018, ``retinanet_segmentation_model.py``: levels 3 to 5
of a feature pyramid, a branch of convolutions on each whose weights are shared and whose batch
norms are not, their sum at level 3, and one convolution to the classes.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from models.fpn import FPN
from models.layers.batch_norm import batch_norm
from models.layers.resize import resize_aligned
from models.layers.tower import Tower, dense_conv
from models.resnet import ResNet
from regularizers import NO_DROP, Drop


class Segmentation(nnx.Module):
    """A network of logits for every eighth pixel each way.

    Drop sites: those of the backbone, and "fcn1", "fcn2", "fcn3" of each branch. The paper says
    that DropBlock is applied in the fully convolutional branches and not where.

    Args:
      depth: of the ResNet: 10, 18, 34, 50 or 101.
      width: channels of the ResNet's first group.
      features: channels of the pyramid and of the branches.
      momentum: of the running statistics of all batch norms.
      epsilon: of all batch norms.
      frozen: beginnings of parameter names, such as "backbone.stem", that training leaves as they
        are. (The paper's code always leaves the first convolution out of training.)
      num_classes: number of logits.
      in_channels: channels of the images.
      dtype: of the computation; parameters, statistics and logits are float32.
      rngs: stream "params".

    Raises:
      ValueError: as :class:`models.resnet.ResNet`, or no features.
    """

    #: The parts that may be new where a run starts from another network (``config.init_from``).
    NEW_PARTS = ("fpn", "branches", "fused", "classes")

    def __init__(
        self,
        *,
        depth: int = 101,
        width: int = 64,
        features: int = 256,
        momentum: float = 0.997,
        epsilon: float = 1e-4,
        frozen: tuple[str, ...] = (),
        num_classes: int = 21,
        in_channels: int = 3,
        dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        if features < 1:
            raise ValueError(f"features must be at least 1, got {features}.")
        self.frozen = tuple(frozen)
        options: dict[str, Any] = {
            "momentum": momentum, "epsilon": epsilon, "dtype": dtype, "rngs": rngs,
        }  # fmt: skip
        self.backbone = ResNet(
            depth=depth, width=width, num_classes=None, in_channels=in_channels, **options
        )
        channels = self.backbone.group_features[1:]
        self.fpn = FPN(channels, features, upsample=resize_aligned, **options)
        self.branches = Tower(len(channels), features, convs=3, outputs=features, **options)
        self.fused = batch_norm(
            features, momentum=momentum, epsilon=epsilon, dtype=dtype, rngs=rngs
        )
        self.classes = dense_conv(features, num_classes, dtype=dtype, rngs=rngs)

    def __call__(self, x: jax.Array, *, train: bool = False, drop: Drop = NO_DROP) -> jax.Array:
        """Computes logits.

        Args:
          x: (batch, height, width, in_channels), normalised images.
          train: batch norm uses and updates the batch's statistics.
          drop: called at every drop site; by default nothing is dropped.

        Returns:
          (batch, ceil(height / 8), ceil(width / 8), num_classes) float32; the logits at (i, j) are
          of the pixel (8 * i, 8 * j).
        """
        maps = self.backbone.features(x, train=train, drop=drop.at("backbone"))
        levels = self.fpn(maps[1:], train=train)
        branches = self.branches(levels, train=train, drop=drop.at("branches"))
        height, width = branches[0].shape[1:3]
        fused = branches[0]
        for branch in branches[1:]:
            fused = fused + resize_aligned(branch, (height, width))
        fused = nnx.relu(self.fused(fused, use_running_average=not train))
        return self.classes(fused).astype(jnp.float32)
