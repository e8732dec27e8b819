"""Dropout of single units."""

import dataclasses
from typing import ClassVar

import jax
from jax.typing import ArrayLike

from dropblock import Mask, draw_dropout_mask
from regularizers.base import Regularizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dropout(Regularizer):
    """Drops single units after every convolution; skip connections stay whole.

    Source: Srivastava et al. 2014; the sites: Ghiasi et al. 2018, section 4.1.
    """

    KINDS: ClassVar[frozenset[str]] = frozenset({"conv"})

    def draw(self, key: jax.Array, shape: tuple[int, ...], keep_prob: ArrayLike) -> Mask:
        return draw_dropout_mask(key, shape, keep_prob)
