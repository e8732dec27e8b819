"""DropBlock, the paper's own method."""

import dataclasses
import functools

import jax
import numpy as np
from jax.typing import ArrayLike

import dropblock
from regularizers.base import Expectation, Regularizer

GAMMAS = {"paper": dropblock.gamma, "exact": dropblock.exact_gamma}


@dataclasses.dataclass(frozen=True, kw_only=True)
class DropBlock(Regularizer):
    """DropBlock after every convolution and, if ``on_skip``, on the skip connections.

    Attributes:
      block_size: side of the blocks, in positions; clipped to each map.
      on_skip: whether to drop on the skip connections too.
      gamma: "paper" (Eq. 1) or "exact" (:func:`dropblock.exact_gamma`).

    Source: Ghiasi et al. 2018, section 4.1 and Figure 4.
    """

    block_size: int = 7
    on_skip: bool = True
    gamma: str = "paper"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.block_size < 1:
            raise ValueError(f"block_size must be at least 1, got {self.block_size}.")
        if self.gamma not in GAMMAS:
            raise ValueError(f"gamma must be one of {', '.join(GAMMAS)}, got {self.gamma!r}.")

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"conv", "skip"} if self.on_skip else {"conv"})

    def expect(self, shape: tuple[int, ...], keep_prob: float) -> Expectation:
        size = shape[1:-1]
        block = [min(self.block_size, side) for side in size]
        gamma = float(GAMMAS[self.gamma](keep_prob, size, self.block_size))  # type: ignore[arg-type]
        # A unit that n blocks can reach is kept with probability (1 - gamma) ** n.
        along_axes = [
            np.convolve(np.ones(side - own + 1), np.ones(own)) for side, own in zip(size, block)
        ]
        reach = functools.reduce(np.multiply.outer, along_axes)
        return Expectation(
            dropped=1 - float(np.mean((1 - gamma) ** reach)),
            words=f"block {'x'.join(map(str, block))}, gamma {gamma:.3g}",
            odd=(
                f"a block of {self.block_size} is larger than a map of {'x'.join(map(str, size))}: "
                f"it is clipped to {'x'.join(map(str, block))}"
            )
            if self.block_size > min(size)
            else "",
        )

    def draw(self, key: jax.Array, shape: tuple[int, ...], keep_prob: ArrayLike) -> dropblock.Mask:
        gamma = GAMMAS[self.gamma](keep_prob, shape[1:-1], self.block_size)
        return dropblock.draw_mask(key, shape, gamma, self.block_size)
