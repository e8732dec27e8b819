"""What a network drops in training, where and when: DropBlock and the methods it is compared with.

A network knows nothing of this. Wherever the paper would drop units it calls
``drop(x, group=..., site=...)``. Before a step runs, its sites are listed, the masks of all of them
are drawn, alike ones together, and the network is called with these (:class:`Masks`): what it calls
is then a plain function of an array and its mask.

Each regulariser is a file here with a class of the same name, see :class:`Regularizer`.
"""

from regularizers.base import Regularizer
from regularizers.sites import NO_DROP, Drop, Site, list_sites
from regularizers.step_masks import Active, Masks, draw_masks, realised_shares

__all__ = [
    "NO_DROP",
    "Active",
    "Drop",
    "Masks",
    "Regularizer",
    "Site",
    "draw_masks",
    "list_sites",
    "realised_shares",
]
