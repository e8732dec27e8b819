"""Where and how a network drops units: the bridge between a network and a regulariser.

A network knows nothing about regularisers. At every place where the paper would drop units it
calls ``drop(x, group=..., site=...)`` if it was given a ``drop``, and nothing at all if not. What
that does is decided here.
"""

import dataclasses
import functools
from collections.abc import Callable

import jax
from jax.typing import ArrayLike

from dropblock import exact_gamma, gamma, group_keep_prob
from dropblock._baselines import MASK_SHAPES, drop_by_mask_shape
from dropblock._operation import drop_and_count

#: ``drop(x, group=3, site="conv1") -> x``; sites are "skip", "conv1", "conv2", ... and "branch",
#: the end of a residual branch, after its last convolution's own site.
Drop = Callable[..., jax.Array]

#: ``(key, x, keep_prob) -> (y, share of units dropped)``
Operation = Callable[[jax.Array, jax.Array, ArrayLike], tuple[jax.Array, jax.Array]]

GAMMAS = {"paper": gamma, "exact": exact_gamma}


@dataclasses.dataclass(frozen=True)
class DropSites:
    """One regulariser at the sites of some block groups.

    Attributes:
      operation: what happens at a site.
      groups: the block groups (1 to 4) whose sites drop; keep_prob is scaled by group as in
        :func:`dropblock.group_keep_prob`.
      kinds: "conv", "skip", "branch": the sites that drop, without their numbers.
    """

    operation: Operation
    groups: tuple[int, ...] = (3, 4)
    kinds: frozenset[str] = frozenset({"conv", "skip"})

    def at(self, key: jax.Array, keep_prob: ArrayLike) -> "ActiveSites":
        """The ``drop`` of one training step, with this step's key and keep_prob (traced or not)."""
        return ActiveSites(self, key, keep_prob)

    def applies(self, group: int, site: str) -> bool:
        return group in self.groups and site.rstrip("0123456789") in self.kinds


def dropblock_sites(
    *,
    block_size: int = 7,
    groups: tuple[int, ...] = (3, 4),
    on_skip: bool = True,
    gamma: str = "paper",
) -> DropSites:
    """DropBlock after every convolution and, if ``on_skip``, on the skip connections.

    Args:
      block_size: one for all maps (clipped to each).
      groups: the block groups that drop.
      on_skip: drop on the skip connections too, not on the convolutions alone.
      gamma: "paper" (Eq. 1) or "exact".

    Source: Ghiasi et al. 2018, section 4.1 and Figure 4.
    """
    seed_rate = GAMMAS[gamma]

    def operation(
        key: jax.Array, x: jax.Array, keep_prob: ArrayLike
    ) -> tuple[jax.Array, jax.Array]:
        return drop_and_count(key, x, seed_rate(keep_prob, x.shape[1:-1], block_size), block_size)

    kinds = frozenset({"conv", "skip"} if on_skip else {"conv"})
    return DropSites(operation, groups, kinds)


def baseline_sites(name: str, *, groups: tuple[int, ...] = (3, 4)) -> DropSites:
    """``dropout`` and ``spatial_dropout`` after every convolution, ``drop_path`` on the branches.

    None drops on a skip connection.

    Source: Ghiasi et al. 2018, section 4.1, "Comparison against other regularization techniques".
    """
    operation = functools.partial(drop_by_mask_shape, MASK_SHAPES[name])
    return DropSites(operation, groups, frozenset({"branch" if name == "drop_path" else "conv"}))


class ActiveSites:
    """One step's ``drop``; remembers how much every group really dropped."""

    def __init__(self, sites: DropSites, key: jax.Array, keep_prob: ArrayLike):
        self._sites, self._key, self._keep_prob = sites, key, keep_prob
        self._calls = 0
        self._dropped: dict[int, list[tuple[int, jax.Array]]] = {g: [] for g in sites.groups}

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        # Counted also where nothing is dropped, so that switching one site off leaves the
        # masks of all others as they were.
        self._calls += 1
        if not self._sites.applies(group, site):
            return x
        key = jax.random.fold_in(self._key, self._calls)
        y, dropped = self._sites.operation(key, x, group_keep_prob(self._keep_prob, group))
        self._dropped[group].append((x.size, dropped))
        return y

    def dropped(self) -> dict[int, jax.Array]:
        """The realised share of units dropped in each group, float32 scalars."""
        # Floats: as an int JAX refuses the units of ResNet-50's group 3 from a batch of 680 on.
        return {
            group: sum(float(size) * share for size, share in sites) / float(sum(sizes))
            for group, sites in self._dropped.items()
            if (sizes := [size for size, _ in sites])
        }
