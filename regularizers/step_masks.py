"""The masks of one training step, drawn before the network runs."""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from dropblock import Mask, apply_mask
from regularizers.base import Regularizer
from regularizers.sites import Site


class Active(NamedTuple):
    """A regulariser and its keep_prob in one step, which may be traced."""

    regularizer: Regularizer
    keep_prob: ArrayLike


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Masks:
    """A :class:`regularizers.Drop` that applies the masks of one step.

    It is a pytree, and so passes through ``jax.jit`` and ``nnx.remat``.

    Attributes:
      masks: path of a site -> its masks, one for each regulariser that drops there, in the order
        in which they are applied.
    """

    masks: Mapping[str, tuple[Mask, ...]]

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        return functools.reduce(apply_mask, self.masks.get(site, ()), x)

    def at(self, part: str) -> "Masks":
        prefix = f"{part}/"
        return Masks(
            {
                path.removeprefix(prefix): masks
                for path, masks in self.masks.items()
                if path.startswith(prefix)
            }
        )


class _Place(NamedTuple):
    """All that the masks of alike sites have in common; they differ in their keys alone."""

    name: str
    group: int
    shape: tuple[int, ...]


def draw_masks(key: jax.Array, sites: Sequence[Site], active: Mapping[str, Active]) -> Masks:
    """Draws the masks of all sites.

    Masks of the same shape, group and regulariser are drawn by one vmapped call, which is
    compiled once and runs as one operation.

    The key of the n-th of ``sites``, counted from 1, is ``fold_in(key, n)`` for every regulariser.
    So a mask does not depend on which other sites drop; two regularisers of the same kind would
    draw the same mask at a site that both drop at.

    Args:
      key: a ``jax.random.key``, of the step.
      sites: of the network, from :func:`regularizers.list_sites`.
      active: name -> regulariser, in the order in which they are applied to a site of several.
    """
    numbers: dict[_Place, list[int]] = {}
    for number, site in enumerate(sites, start=1):
        for name in _dropping_at(site, active):
            numbers.setdefault(_Place(name, site.group, site.shape), []).append(number)
    drawn: dict[tuple[str, int], Mask] = {}
    for place, alike in numbers.items():
        regularizer, keep_prob = active[place.name]
        draw = functools.partial(
            regularizer.draw,
            shape=place.shape,
            keep_prob=regularizer.keep_prob_of(place.group, keep_prob),
        )
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, np.asarray(alike, np.uint32))
        together = jax.vmap(draw)(keys)
        for row, number in enumerate(alike):
            drawn[place.name, number] = jax.tree.map(
                lambda leaf, row=row: jax.lax.index_in_dim(leaf, row, keepdims=False), together
            )
    return Masks(
        {
            site.path: tuple(drawn[name, number] for name in names)
            for number, site in enumerate(sites, start=1)
            if (names := _dropping_at(site, active))
        }
    )


def realised_shares(
    name: str, masks: Masks, sites: Sequence[Site], active: Mapping[str, Active]
) -> dict[int, jax.Array]:
    """Computes the share of units that one regulariser's masks drop, by group.

    Args:
      name: of the regulariser.
      masks: of all sites, from :func:`draw_masks` with the same ``sites`` and ``active``.
      sites: of the network.
      active: name -> regulariser.

    Returns:
      Group -> float32 scalar, of the groups that have a site of this regulariser.
    """
    units: dict[int, list[float]] = {}
    shares: dict[int, list[jax.Array]] = {}
    for site in sites:
        names = _dropping_at(site, active)
        if name in names:
            # Floats: JAX refuses integers above 2**31, ResNet-50's group 3 from a batch of 680 on.
            units.setdefault(site.group, []).append(float(math.prod(site.shape)))
            shares.setdefault(site.group, []).append(
                masks.masks[site.path][names.index(name)].dropped
            )
    return {
        group: jnp.dot(jnp.stack(shares[group]), np.asarray(own, np.float32)) / sum(own)
        for group, own in units.items()
    }


def _dropping_at(site: Site, active: Mapping[str, Active]) -> list[str]:
    return [name for name, (regularizer, _) in active.items() if regularizer.drops_at(site)]
