"""Drop sites: the places of a network where units may be dropped."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax


class Drop(Protocol):
    """What a network calls at its drop sites; a pytree, so that it passes through ``nnx.remat``."""

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        """Drops units of ``x``, or none.

        Args:
          x: (batch, *spatial, channels), or (batch, features) at the site "head".
          group: the block group that the site is in: 1 (nearest the image) to 4.
          site: "skip", "conv1", "conv2", ..., "branch" (the end of a residual branch, after the
            site of its last convolution), "fcn1", ... (the branches of a dense task) or "head" (the
            input of the last layer). A network calls
            each site of a part once.

        Returns:
          Array of ``x``'s shape and dtype.
        """

    def at(self, part: str) -> "Drop":
        """Returns the drop of one part of the network, such as a residual block."""


class NoDrop:
    """A :class:`Drop` that drops nothing and leaves no trace in the compiled program."""

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        return x

    def at(self, part: str) -> "NoDrop":
        return self


NO_DROP = NoDrop()
jax.tree_util.register_static(NoDrop)


class Site(NamedTuple):
    """A drop site, as a network called it.

    Attributes:
      path: unique in the network, such as "group3_block1/conv2".
      group: 1 to 4.
      shape: of the array there.
    """

    path: str
    group: int
    shape: tuple[int, ...]

    @property
    def kind(self) -> str:
        """The site's name without its number: "conv", "skip", "branch" or "head"."""
        return self.path.rpartition("/")[2].rstrip("0123456789")


class _Listing:
    """A :class:`Drop` that drops nothing and records where it was called."""

    def __init__(self, prefix: str = "", sites: dict[str, Site] | None = None):
        self._prefix = prefix
        self.sites = {} if sites is None else sites

    def __call__(self, x: jax.Array, *, group: int, site: str) -> jax.Array:
        path = self._prefix + site
        if path in self.sites:
            raise ValueError(f"the network calls the drop site {path!r} twice.")
        self.sites[path] = Site(path, group, x.shape)
        return x

    def at(self, part: str) -> "_Listing":
        return _Listing(f"{self._prefix}{part}/", self.sites)


# A pytree without leaves, so that it passes through nnx.remat as masks do.
jax.tree_util.register_static(_Listing)


def list_sites(forward: Callable[..., Any], *arguments: Any) -> list[Site]:
    """Lists the drop sites of a network in the order in which it calls them.

    The network is traced, not run.

    Args:
      forward: ``forward(drop, *arguments)`` calls the network.
      arguments: pytrees of arrays, traced or not.

    Raises:
      ValueError: two sites have the same path.
    """
    listing = _Listing()
    jax.eval_shape(lambda *arrays: (forward(listing, *arrays), None)[1], *arguments)
    return list(listing.sites.values())
