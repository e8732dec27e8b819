"""Where and how a network drops units: the bridge between a network and a regulariser.

A network knows nothing about regularisers. At every place where the paper would drop units it
calls ``drop(x, group=..., site=...)`` if it was given a ``drop``, and nothing at all if not. What
that does is decided here.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
from flax import nnx
from jax.typing import ArrayLike

from dropblock import exact_gamma, gamma, group_keep_prob
from dropblock._baselines import MASK_SHAPES, drop_by_mask_shape
from dropblock._operation import drop_and_count

#: ``drop(x, group=3, site="conv1") -> x``; sites are "skip", "conv1", "conv2", ..., "branch", the
#: end of a residual branch, after its last convolution's own site, and "head", what the last
#: layer reads: (batch, features).
Drop = Callable[..., jax.Array]

#: ``(key, x, keep_prob) -> (y, share of units dropped)``
Operation = Callable[[jax.Array, jax.Array, ArrayLike], tuple[jax.Array, jax.Array]]

GAMMAS = {"paper": gamma, "exact": exact_gamma}


@dataclasses.dataclass(frozen=True)
class DropSites:
    """One regulariser at the sites of some block groups.

    Attributes:
      operation: what happens at a site.
      groups: the block groups (1 to 4) whose sites drop.
      kinds: "conv", "skip", "branch", "head": the sites that drop, without their numbers.
      by_group: keep_prob is scaled by group as in :func:`dropblock.group_keep_prob`, and what is
        dropped is counted by group.
    """

    operation: Operation
    groups: tuple[int, ...] = (3, 4)
    kinds: frozenset[str] = frozenset({"conv", "skip"})
    by_group: bool = True

    def at(self, key: jax.Array, keep_prob: ArrayLike) -> "ActiveSites":
        """The ``drop`` of one training step, with this step's key and keep_prob (traced or not)."""
        return ActiveSites(key, [(self, keep_prob)])

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


def scheduled_drop_path_sites() -> DropSites:
    """DropPath on the branches of all groups alike.

    Source: Zoph et al. 2018 (arXiv 1707.07012), "ScheduledDropPath".
    """
    operation = functools.partial(drop_by_mask_shape, MASK_SHAPES["drop_path"])
    return DropSites(operation, (1, 2, 3, 4), frozenset({"branch"}), by_group=False)


def head_dropout_sites() -> DropSites:
    """Dropout of what the last layer reads."""

    def operation(
        key: jax.Array, x: jax.Array, keep_prob: ArrayLike
    ) -> tuple[jax.Array, jax.Array]:
        y, dropped = drop_by_mask_shape(MASK_SHAPES["dropout"], key, x[:, None, :], keep_prob)
        return y[:, 0, :], dropped

    return DropSites(operation, (4,), frozenset({"head"}), by_group=False)


class ActiveSites:
    """One step's ``drop``; remembers how much every group really dropped.

    Args:
      key: of the step.
      active: the regularisers with this step's keep_prob, in the order that they drop in where a
        site is of several; these share a mask if they are alike.
    """

    def __init__(self, key: jax.Array, active: Sequence[tuple[DropSites, ArrayLike]]):
        self._key, self._active = key, active
        self._calls = 0
        self._dropped: dict[int, list[tuple[int, jax.Array]]] = {
            group: [] for sites, _ in active if sites.by_group for group in sites.groups
        }

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        # Counted also where nothing is dropped, so that switching one site off leaves the
        # masks of all others as they were.
        self._calls += 1
        for sites, keep_prob in self._active:
            if not sites.applies(group, site):
                continue
            if sites.by_group:
                keep_prob = group_keep_prob(keep_prob, group)
            key = jax.random.fold_in(self._key, self._calls)
            x, dropped = sites.operation(key, x, keep_prob)
            if sites.by_group:
                self._dropped[group].append((x.size, dropped))
        return x

    def dropped(self) -> dict[int, jax.Array]:
        """The realised share of units dropped in each group, float32 scalars."""
        # Floats: as an int JAX refuses the units of ResNet-50's group 3 from a batch of 680 on.
        return {
            group: sum(float(size) * share for size, share in sites) / float(sum(sizes))
            for group, sites in self._dropped.items()
            if (sizes := [size for size, _ in sites])
        }

    def remat(self, function: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
        """``nnx.remat`` of ``function(drop, module, *arrays)``, to be called without ``drop``.

        What is counted inside leaves as an output, as nothing traced may stay behind in Python.
        """

        def call(module: nnx.Module, *arrays: jax.Array) -> jax.Array:
            inside = ActiveSites(self._key, self._active)
            inside._calls = self._calls

            # A function of its own for each call: JAX would trace one that it has seen with the
            # same shapes no second time, so all calls would draw the same masks.
            def counted(module: nnx.Module, *arrays: jax.Array) -> tuple[jax.Array, dict]:
                y = function(inside, module, *arrays)
                return y, {g: [share for _, share in s] for g, s in inside._dropped.items()}

            y, shares = nnx.remat(counted)(module, *arrays)
            self._calls = inside._calls
            for group, sites in inside._dropped.items():
                sizes = [size for size, _ in sites]
                self._dropped[group] += zip(sizes, shares[group], strict=True)
            return y

        return call
