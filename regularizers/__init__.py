"""What a network drops in training, where and when: DropBlock and the methods it is compared with.

A network knows none of these methods. Wherever units may be dropped it calls
``drop(x, group=..., site=...)``. A step first lists the network's sites (:func:`list_sites`), then
draws the masks of all of them (:func:`draw_masks`), and calls the network with these
(:class:`Masks`): each call there is then a plain function of an array and its mask.

Each regulariser is a file here with a class of the same name, see :class:`Regularizer`.
"""

from regularizers.base import Expectation, Regularizer
from regularizers.sites import NO_DROP, Drop, Site, list_sites
from regularizers.step_masks import Active, Masks, draw_masks, realised_shares

__all__ = [
    "NO_DROP",
    "Active",
    "Drop",
    "Expectation",
    "Masks",
    "Regularizer",
    "Site",
    "draw_masks",
    "list_sites",
    "realised_shares",
]
