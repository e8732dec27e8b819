"""The regularisers of the paper's Table 1 as a network meets them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from models.drop_sites import (
    ActiveSites,
    baseline_sites,
    dropblock_sites,
    head_dropout_sites,
    scheduled_drop_path_sites,
)

SHAPE = (64, 6, 6, 32)
SITES = ("skip", "conv1", "conv2", "conv3", "branch")


@pytest.mark.parametrize(
    ("sites", "dropping"),
    [
        (dropblock_sites(), {"skip", "conv1", "conv2", "conv3"}),
        (dropblock_sites(on_skip=False), {"conv1", "conv2", "conv3"}),
        (baseline_sites("dropout"), {"conv1", "conv2", "conv3"}),
        (baseline_sites("spatial_dropout"), {"conv1", "conv2", "conv3"}),
        (baseline_sites("drop_path"), {"branch"}),
    ],
)
def test_sites(sites, dropping, key):
    drop = sites.at(key, 0.5)
    x = jnp.ones(SHAPE)
    assert {site for site in SITES if drop(x, group=3, site=site) is not x} == dropping
    assert all(drop(x, group=2, site=site) is x for site in SITES)


@pytest.mark.parametrize(
    ("name", "site", "alike"),
    [
        ("dropout", "conv1", ()),
        ("spatial_dropout", "conv1", (1, 2)),
        ("drop_path", "branch", (1, 2, 3)),
    ],
)
def test_baselines_drop_what_they_should(name, site, alike, key):
    """Whole units, channels or examples; the share reported is the share of zeros."""
    drop = baseline_sites(name, groups=(3, 4)).at(key, 0.6)
    y = np.asarray(drop(jnp.ones(SHAPE), group=4, site=site))
    dropped = y == 0
    assert float(drop.dropped()[4]) == pytest.approx(dropped.mean(), abs=1e-6)
    np.testing.assert_allclose(y[~dropped], 1 / 0.6, rtol=1e-6)
    for axis in range(4):
        constant = (dropped == np.take(dropped, [0], axis)).all()
        assert constant == (axis in alike), axis
    independent = dropped.size // np.prod([SHAPE[axis] for axis in alike], initial=1)
    deviation = (0.4 * 0.6 / independent) ** 0.5
    assert abs(dropped.mean() - 0.4) < 5 * deviation
    # A quarter of it one group earlier.
    drop(jnp.ones(SHAPE), group=3, site=site)
    assert abs(float(drop.dropped()[3]) - 0.1) < 5 * deviation


@pytest.mark.parametrize("name", ["dropout", "spatial_dropout", "drop_path"])
def test_keep_prob_one_changes_nothing(name, key):
    x = jax.random.normal(key, SHAPE)
    drop = baseline_sites(name).at(key, 1.0)
    for site in SITES:
        assert (drop(x, group=4, site=site) == x).all()
    assert float(drop.dropped()[4]) == 0


@pytest.mark.parametrize("sites", [dropblock_sites(), baseline_sites("dropout")])
def test_shares_of_more_units_than_an_int_holds(sites, key):
    """Group 3 of ResNet-50 has 3,161,088 units an image: 2**31 in a batch of 680."""

    def dropped(x):
        drop = sites.at(key, 0.9)
        for _ in range(3):
            drop(x, group=3, site="conv1")
        return drop.dropped()

    x = jax.ShapeDtypeStruct((2**12, 14, 14, 1024), jnp.bfloat16)
    assert jax.eval_shape(dropped, x)[3].shape == ()


def test_scheduled_drop_path_and_head_dropout_are_not_scaled_by_group(key):
    paths, head = scheduled_drop_path_sites(), head_dropout_sites()
    drop = ActiveSites(key, [(paths, 0.5), (head, 0.25)])
    x = jnp.ones((4096, 1, 1, 2))
    for group in (1, 4):
        y = np.asarray(drop(x, group=group, site="branch"))
        assert set(y.ravel()) == {0.0, 2.0}
        assert (y == 0).mean() == pytest.approx(0.5, abs=0.05)
        assert (y[..., 0] == y[..., 1]).all()
    features = drop(jnp.ones((64, 256)), group=4, site="head")
    assert float((features == 0).mean()) == pytest.approx(0.75, abs=0.02)
    assert float(features.max()) == 4
    assert drop.dropped() == {}


def test_several_regularisers_drop_as_each_alone(key):
    """At their own sites, with the masks that they have without the others."""
    x = jax.random.normal(key, SHAPE)
    active = [(dropblock_sites(block_size=3), 0.8), (scheduled_drop_path_sites(), 0.6)]
    together, alone = ActiveSites(key, active), [sites.at(key, p) for sites, p in active]
    for site in SITES:
        expected = x
        for drop in alone:
            expected = drop(expected, group=4, site=site)
        assert (together(x, group=4, site=site) == expected).all()
    assert together.dropped() == alone[0].dropped()


class Scale(nnx.Module):
    """Counts its calls, as batch norm does its statistics."""

    def __init__(self):
        self.scale, self.calls = nnx.Param(jnp.ones(())), nnx.BatchStat(jnp.zeros(()))

    def __call__(self, drop, x):
        self.calls[...] += 1
        return jnp.sin(drop(x, group=4, site="conv1") * self.scale[...])


@pytest.mark.parametrize("sites", [baseline_sites("dropout"), dropblock_sites(block_size=2)])
def test_remat_changes_no_value(sites, key):
    """Two modules alike, through one function: masks, shares and statistics are each one's own."""

    def loss(scales, rematerialise):
        modules = [Scale(), Scale()]
        for module, scale in zip(modules, scales, strict=True):
            module.scale[...] = scale
        drop = sites.at(key, 0.5)

        def apply(drop, module, x):
            return module(drop, x)

        call = drop.remat(apply) if rematerialise else functools.partial(apply, drop)
        x = jnp.linspace(-1, 1, 8 * 4 * 4 * 2).reshape(8, 4, 4, 2)
        maps = [x := call(module, x) for module in modules]
        counts = [module.calls[...] for module in modules]
        return x.sum(), (maps, counts, drop.dropped())

    plain, again = (
        jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=1)([1.0, 2.0], rematerialise)
        for rematerialise in (False, True)
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), plain, again)
    (_, (maps, counts, shares)), _ = again
    assert [float(count) for count in counts] == [1, 1]
    assert set(shares) == {4} and 0.3 < shares[4] < 0.6
    first, second = (np.asarray(m) == 0 for m in maps)
    assert (second & ~first).any()
