"""Where and how a network drops units: the bridge between a network and a regulariser.

A network knows nothing about regularisers. At every place where the paper would drop units it
calls ``drop(x, group=..., site=...)`` if it was given a ``drop``, and nothing at all if not. What
that does is decided here.
"""

import dataclasses
from collections.abc import Callable

import jax
from jax.typing import ArrayLike

from dropblock import exact_gamma, gamma, group_keep_prob
from dropblock._operation import drop_and_count

#: ``drop(x, group=3, site="conv1") -> x``; sites are "skip" and "conv1", "conv2", ...
Drop = Callable[..., jax.Array]

GAMMAS = {"paper": gamma, "exact": exact_gamma}


@dataclasses.dataclass(frozen=True)
class DropBlockSites:
    """DropBlock at the sites of some block groups.

    Attributes:
      block_size: int, one for all maps (clipped to each).
      groups: the block groups (1 to 4) whose sites drop; keep_prob is scaled by group as in
        :func:`dropblock.group_keep_prob`.
      on_skip: drop on the skip connections too, not on the convolutions alone.
      gamma: "paper" (Eq. 1) or "exact".

    Source: Ghiasi et al. 2018, section 4.1 and Figure 4.
    """

    block_size: int = 7
    groups: tuple[int, ...] = (3, 4)
    on_skip: bool = True
    gamma: str = "paper"

    def at(self, key: jax.Array, keep_prob: ArrayLike) -> "ActiveSites":
        """The ``drop`` of one training step, with this step's key and keep_prob (traced or not)."""
        return ActiveSites(self, key, keep_prob)

    def applies(self, group: int, site: str) -> bool:
        return group in self.groups and (self.on_skip or site != "skip")


class ActiveSites:
    """One step's ``drop``; remembers how much every group really dropped."""

    def __init__(self, sites: DropBlockSites, key: jax.Array, keep_prob: ArrayLike):
        self._sites, self._key, self._keep_prob = sites, key, keep_prob
        self._calls = 0
        self._dropped: dict[int, list[tuple[int, jax.Array]]] = {g: [] for g in sites.groups}

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        # Counted also where nothing is dropped, so that switching one site off leaves the
        # masks of all others as they were.
        self._calls += 1
        if not self._sites.applies(group, site):
            return x
        block_size = self._sites.block_size
        seed_rate = GAMMAS[self._sites.gamma](
            group_keep_prob(self._keep_prob, group), x.shape[1:-1], block_size
        )
        key = jax.random.fold_in(self._key, self._calls)
        y, dropped = drop_and_count(key, x, seed_rate, block_size)
        self._dropped[group].append((x.size, dropped))
        return y

    def dropped(self) -> dict[int, jax.Array]:
        """The realised share of units dropped in each group, float32 scalars."""
        return {
            group: sum(size * share for size, share in sites) / sum(size for size, _ in sites)
            for group, sites in self._dropped.items()
            if sites
        }
