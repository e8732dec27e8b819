"""DropBlock for JAX: structured dropout for convolutional networks.

Ghiasi, Lin and Le, "DropBlock: A regularization method for convolutional networks",
NeurIPS 2018 (arXiv 1810.12890). Everything here is a pure function; the thin Flax layers
live in ``dropblock.nnx`` and ``dropblock.linen`` and are imported only on request.
"""

from dropblock import _alone
from dropblock._baselines import drop_path, dropout, spatial_dropout
from dropblock._gamma import exact_gamma, gamma
from dropblock._mask import Mask, apply_mask, block_mask, draw_dropout_mask, draw_mask
from dropblock._operation import dropblock
from dropblock._schedules import constant_keep_prob, group_keep_prob, linear_keep_prob

__version__ = "0.2.0"

_alone.check()

__all__ = [
    "Mask",
    "apply_mask",
    "block_mask",
    "constant_keep_prob",
    "draw_dropout_mask",
    "draw_mask",
    "drop_path",
    "dropblock",
    "dropout",
    "exact_gamma",
    "gamma",
    "group_keep_prob",
    "linear_keep_prob",
    "spatial_dropout",
]
