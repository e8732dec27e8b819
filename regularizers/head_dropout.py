"""Dropout before the last layer."""

import dataclasses
from typing import ClassVar

import jax
from jax.typing import ArrayLike

from dropblock import Mask, draw_dropout_mask
from regularizers.base import Regularizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeadDropout(Regularizer):
    """Drops single features of the last layer's input.

    Source: Srivastava et al. 2014.
    """

    KINDS: ClassVar[frozenset[str]] = frozenset({"head"})

    def draw(self, key: jax.Array, shape: tuple[int, ...], keep_prob: ArrayLike) -> Mask:
        return draw_dropout_mask(key, shape, keep_prob)
