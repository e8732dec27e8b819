"""Where and how a network drops units: the bridge between a network and a regulariser.

A network knows nothing about regularisers. At every place where the paper would drop units it
calls ``drop(x, group=..., site=...)`` if it was given a ``drop``, and nothing at all if not. What
that does is decided here.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import ArrayLike

from dropblock import exact_gamma, gamma, group_keep_prob
from dropblock._baselines import MASK_SHAPES, drop_where, keep_mask
from dropblock._check import block_sizes
from dropblock._mask import sample
from dropblock._operation import drop_sampled
from dropblock._packed import Packed

#: ``drop(x, group=3, site="conv1") -> x``; sites are "skip", "conv1", "conv2", ..., "branch", the
#: end of a residual branch, after its last convolution's own site, and "head", what the last
#: layer reads: (batch, features).
Drop = Callable[..., jax.Array]

#: ``(key, shape of x, keep_prob) -> mask``, any tree of arrays
Draw = Callable[[jax.Array, tuple[int, ...], ArrayLike], Any]

#: ``(x, mask, keep_prob) -> (y, share of units dropped)``
Apply = Callable[[jax.Array, Any, ArrayLike], tuple[jax.Array, jax.Array]]

GAMMAS = {"paper": gamma, "exact": exact_gamma}


@dataclasses.dataclass(frozen=True)
class DropSites:
    """One regulariser at the sites of some block groups.

    Attributes:
      draw: the mask of a site.
      apply: what happens with it there.
      groups: the block groups (1 to 4) whose sites drop.
      kinds: "conv", "skip", "branch", "head": the sites that drop, without their numbers.
      by_group: keep_prob is scaled by group as in :func:`dropblock.group_keep_prob`, and what is
        dropped is counted by group.
    """

    draw: Draw
    apply: Apply
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

    def draw(key: jax.Array, shape: tuple[int, ...], keep_prob: ArrayLike) -> Packed:
        spatial = shape[1:-1]
        rate = seed_rate(keep_prob, spatial, block_size)
        return sample(key, shape, rate, block_sizes(block_size, spatial), False)

    def apply(x: jax.Array, dropped: Packed, keep_prob: ArrayLike) -> tuple[jax.Array, jax.Array]:
        return drop_sampled(x, dropped)

    kinds = frozenset({"conv", "skip"} if on_skip else {"conv"})
    return DropSites(draw, apply, groups, kinds)


def baseline_sites(name: str, *, groups: tuple[int, ...] = (3, 4)) -> DropSites:
    """``dropout`` and ``spatial_dropout`` after every convolution, ``drop_path`` on the branches.

    None drops on a skip connection.

    Source: Ghiasi et al. 2018, section 4.1, "Comparison against other regularization techniques".
    """
    draw = functools.partial(keep_mask, MASK_SHAPES[name])
    kinds = frozenset({"branch" if name == "drop_path" else "conv"})
    return DropSites(draw, drop_where, groups, kinds)


def scheduled_drop_path_sites() -> DropSites:
    """DropPath on the branches of all groups alike.

    Source: Zoph et al. 2018 (arXiv 1707.07012), "ScheduledDropPath".
    """
    draw = functools.partial(keep_mask, MASK_SHAPES["drop_path"])
    return DropSites(draw, drop_where, (1, 2, 3, 4), frozenset({"branch"}), by_group=False)


def head_dropout_sites() -> DropSites:
    """Dropout of what the last layer reads."""
    draw = functools.partial(keep_mask, MASK_SHAPES["dropout"])
    return DropSites(draw, drop_where, (4,), frozenset({"head"}), by_group=False)


class Site(NamedTuple):
    """Where a mask is needed: numbers of the regulariser, the call and the group, and x's shape."""

    regulariser: int
    call: int
    group: int
    shape: tuple[int, ...]


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
        self._masks: dict[Site, Any] = {}
        self._dropped: dict[int, list[tuple[int, jax.Array]]] = {
            group: [] for sites, _ in active if sites.by_group for group in sites.groups
        }

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        # Counted also where nothing is dropped, so that switching one site off leaves the
        # masks of all others as they were.
        self._calls += 1
        for number, (sites, _) in enumerate(self._active):
            if sites.applies(group, site):
                x = self._drop(x, Site(number, self._calls, group, x.shape))
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

        Masks are drawn before, all those of the same shape by one program, and kept for the
        backward pass: DropBlock's have one bit a unit, but drawing them is long to compile. They
        are the ones that are drawn without rematerialisation.
        """

        def call(module: nnx.Module, *arrays: jax.Array) -> jax.Array:
            masks = self._draw_together(self._sites_of(function, module, *arrays))
            inside = ActiveSites(self._key, self._active)
            inside._calls = self._calls

            # What is counted inside leaves as an output: nothing traced may stay behind in
            # Python. A function of its own for each call: JAX would trace one that it has seen
            # with the same shapes no second time, and calls would not be counted.
            def counted(module: nnx.Module, masks: dict, *arrays: jax.Array) -> tuple:
                inside._masks = masks
                y = function(inside, module, *arrays)
                return y, {g: [share for _, share in s] for g, s in inside._dropped.items()}

            y, shares = nnx.remat(counted)(module, masks, *arrays)
            self._calls = inside._calls
            for group, dropped in inside._dropped.items():
                sizes = [size for size, _ in dropped]
                self._dropped[group] += zip(sizes, shares[group], strict=True)
            return y

        return call

    def _drop(self, x: jax.Array, site: Site) -> jax.Array:
        sites, keep_prob = self._regulariser(site)
        if site in self._masks:
            mask = self._masks[site]
        else:
            key = jax.random.fold_in(self._key, site.call)
            mask = sites.draw(key, site.shape, keep_prob)
        y, dropped = sites.apply(x, mask, keep_prob)
        if sites.by_group:
            self._dropped[site.group].append((x.size, dropped))
        return y

    def _regulariser(self, site: Site) -> tuple[DropSites, ArrayLike]:
        """The site's, with the keep_prob of its group."""
        sites, keep_prob = self._active[site.regulariser]
        return sites, group_keep_prob(keep_prob, site.group) if sites.by_group else keep_prob

    def _sites_of(
        self, function: Callable[..., jax.Array], module: nnx.Module, *arrays: jax.Array
    ) -> list[Site]:
        """Where ``function(drop, module, *arrays)`` would drop if it were called now."""
        listing = _Listing(self._key, self._active)
        listing._calls = self._calls
        graphdef, state = nnx.split(module)

        def listed(state: nnx.State, *arrays: jax.Array) -> jax.Array:
            return function(listing, nnx.merge(graphdef, state, copy=True), *arrays)

        jax.eval_shape(listed, state, *arrays)
        return listing.sites

    def _draw_together(self, sites: Sequence[Site]) -> dict[Site, Any]:
        """The masks of all, drawn by one program for each shape."""
        alike: dict[tuple, list[Site]] = {}
        for site in sites:
            alike.setdefault((site.regulariser, site.group, site.shape), []).append(site)
        masks = {}
        for same in alike.values():
            regulariser, keep_prob = self._regulariser(same[0])
            draw = functools.partial(regulariser.draw, shape=same[0].shape, keep_prob=keep_prob)
            calls = jnp.asarray([site.call for site in same])
            keys = jax.vmap(jax.random.fold_in, (None, 0))(self._key, calls)
            drawn = jax.vmap(draw)(keys)
            for index, site in enumerate(same):
                masks[site] = jax.tree.map(lambda leaf, index=index: leaf[index], drawn)
        return masks


class _Listing(ActiveSites):
    """Lists where it would drop."""

    def __init__(self, key: jax.Array, active: Sequence[tuple[DropSites, ArrayLike]]):
        super().__init__(key, active)
        self.sites: list[Site] = []

    def _drop(self, x: jax.Array, site: Site) -> jax.Array:
        self.sites.append(site)
        return x
