"""RetinaNet, as the DropBlock paper's code has it (section 4.3).

Lin et al. 2017 (arXiv 1708.02002) with the choices of the repository tensorflow/tpu of October
2018, ``retinanet_architecture.py``: levels 3 to 7 of a feature pyramid, and two heads on each,
for classes and for boxes, whose convolutions are shared between levels and whose batch norms are
not.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from models.fpn import FPN
from models.layers.resize import double
from models.layers.tower import Tower
from models.resnet import ResNet
from regularizers import NO_DROP, Drop

#: Levels 6 and 7, beyond the backbone's.
SMALLER = 2
#: Probability of every class of every anchor at the start.
PRIOR = 0.01


class RetinaNet(nnx.Module):
    """A network of class logits and box codes for every anchor.

    Drop sites: those of the backbone.

    Args:
      depth: of the ResNet: 10, 18, 34, 50 or 101.
      width: channels of the ResNet's first group.
      features: channels of the pyramid and of the heads.
      head_convs: convolutions of a head before its last one.
      momentum: of the running statistics of all batch norms.
      epsilon: of all batch norms.
      frozen: beginnings of parameter names, such as "backbone.stem", that training leaves as they
        are. (The paper's code always leaves the first convolution out of training.)
      num_classes: number of logits of an anchor; the background has none.
      num_anchors: anchors of a cell.
      in_channels: channels of the images.
      dtype: of the computation; parameters, statistics and results are float32.
      rngs: stream "params".

    Raises:
      ValueError: as :class:`models.resnet.ResNet`, or no features, or a negative head_convs.
    """

    #: The parts that may be new where a run starts from another network (``config.init_from``).
    NEW_PARTS = ("fpn", "class_head", "box_head")

    def __init__(
        self,
        *,
        depth: int = 50,
        width: int = 64,
        features: int = 256,
        head_convs: int = 4,
        momentum: float = 0.997,
        epsilon: float = 1e-4,
        frozen: tuple[str, ...] = (),
        num_classes: int = 80,
        num_anchors: int = 9,
        in_channels: int = 3,
        dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        if features < 1:
            raise ValueError(f"features must be at least 1, got {features}.")
        if head_convs < 0:
            raise ValueError(f"head_convs must be at least 0, got {head_convs}.")
        self.frozen, self.num_classes = tuple(frozen), num_classes
        options: dict[str, Any] = {
            "momentum": momentum, "epsilon": epsilon, "dtype": dtype, "rngs": rngs,
        }  # fmt: skip
        self.backbone = ResNet(
            depth=depth, width=width, num_classes=None, in_channels=in_channels, **options
        )
        channels = self.backbone.group_features[1:]
        self.fpn = FPN(channels, features, upsample=double, smaller=SMALLER, **options)
        levels = len(channels) + SMALLER
        self.class_head = Tower(
            levels,
            features,
            convs=head_convs,
            outputs=num_anchors * num_classes,
            last_bias=math.log(PRIOR / (1 - PRIOR)),
            **options,
        )
        self.box_head = Tower(
            levels, features, convs=head_convs, outputs=num_anchors * 4, **options
        )

    def __call__(
        self, x: jax.Array, *, train: bool = False, drop: Drop = NO_DROP
    ) -> tuple[jax.Array, jax.Array]:
        """Computes logits and box codes.

        Args:
          x: (batch, height, width, in_channels), normalised images.
          train: batch norm uses and updates the batch's statistics.
          drop: called at every drop site; by default nothing is dropped.

        Returns:
          Class logits (batch, anchors, num_classes) and box codes (batch, anchors, 4), float32. The
          order of the anchors is level, row, column, anchor of a cell, as in
          :func:`tasks.boxes.make_anchors`.
        """
        maps = self.backbone.features(x, train=train, drop=drop.at("backbone"))
        levels = self.fpn(maps[1:], train=train)
        logits = self.class_head(levels, train=train)
        codes = self.box_head(levels, train=train)
        return _by_anchor(logits, self.num_classes), _by_anchor(codes, 4)


def _by_anchor(maps: list[jax.Array], size: int) -> jax.Array:
    rows = [x.reshape(x.shape[0], -1, size).astype(jnp.float32) for x in maps]
    return jnp.concatenate(rows, axis=1)
