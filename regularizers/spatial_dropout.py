"""SpatialDropout: dropout of whole channels."""

import dataclasses
from typing import ClassVar

import jax
from jax.typing import ArrayLike

from dropblock import Mask, draw_dropout_mask
from regularizers.base import Regularizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpatialDropout(Regularizer):
    """Drops whole channels of an example after every convolution; skip connections stay whole.

    Source: Tompson et al. 2015; the sites: Ghiasi et al. 2018, section 4.1.
    """

    KINDS: ClassVar[frozenset[str]] = frozenset({"conv"})

    def draw(self, key: jax.Array, shape: tuple[int, ...], keep_prob: ArrayLike) -> Mask:
        return draw_dropout_mask(key, shape, keep_prob, broadcast_dims=range(1, len(shape) - 1))
