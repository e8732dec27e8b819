"""What a forward pass in training has: its drop sites and its multiply-adds."""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import jax

from regularizers import NO_DROP, Expectation, Regularizer, Site, list_sites
from training.dry_run.multiply_adds import multiply_adds
from training.run import Run
from training.step import make_loss


class Forward(NamedTuple):
    """A forward pass.

    Attributes:
      sites: of the network, in its order.
      multiply_adds: of an image, the loss counted too.
    """

    sites: list[Site]
    multiply_adds: int


def trace(run: Run) -> Forward:
    """Traces the loss of a run's training step."""
    loss = make_loss(run.task, run.graphdef)
    arrays = run.shapes.params, run.shapes.batch_stats, run.abstract_batch(train=True)
    sites = list_sites(lambda drop, params, stats, batch: loss(params, stats, batch, drop), *arrays)
    program = jax.make_jaxpr(functools.partial(loss, drop=NO_DROP))(*arrays)
    return Forward(sites, multiply_adds(program.jaxpr) // run.config.batch_size)


class Alike(NamedTuple):
    """Sites of one group and shape, at which one regulariser drops.

    Attributes:
      name: of the regulariser, in :attr:`training.run.Blueprint.regularizers`.
      group: of the sites.
      shape: of an example there.
      paths: of the sites.
      expected: what it is going to do there when training ends.
    """

    name: str
    group: int
    shape: tuple[int, ...]
    paths: list[str]
    expected: Expectation


def find_alike(sites: list[Site], regularizers: Mapping[str, Regularizer]) -> list[Alike]:
    """Finds where each regulariser drops, in the network's order."""
    found: list[Alike] = []
    for name, regularizer in regularizers.items():
        places: dict[tuple[int, tuple[int, ...]], list[str]] = {}
        for site in filter(regularizer.drops_at, sites):
            places.setdefault((site.group, site.shape), []).append(site.path)
        for (group, shape), paths in places.items():
            keep_prob = float(regularizer.keep_prob_of(group, float(regularizer.keep_prob)))  # type: ignore[arg-type]
            expected = regularizer.expect(shape, keep_prob)
            found.append(Alike(name, group, shape[1:], paths, expected))
    return found
