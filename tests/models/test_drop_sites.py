"""The regularisers of the paper's Table 1 as a network meets them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from models.drop_sites import baseline_sites, dropblock_sites

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
