"""DropPath: dropout of whole residual branches."""

import dataclasses
from typing import ClassVar

import jax
from jax.typing import ArrayLike

from dropblock import Mask, draw_dropout_mask
from regularizers.base import Regularizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class DropPath(Regularizer):
    """Drops the residual branches of whole examples.

    Source: Larsson et al. 2017; in all groups and with a schedule: Zoph et al. 2018 (arXiv
      1707.07012).
    """

    KINDS: ClassVar[frozenset[str]] = frozenset({"branch"})

    def draw(self, key: jax.Array, shape: tuple[int, ...], keep_prob: ArrayLike) -> Mask:
        return draw_dropout_mask(key, shape, keep_prob, broadcast_dims=range(1, len(shape)))
