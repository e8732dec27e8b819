"""The mask: which units fall, and how often."""

import math

import jax
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dropblock import block_mask, gamma, spatial_dropout
from tests.dropblock import oracle

# Odd, even, oblong and oversized blocks; 1 to 3 spatial axes; no square map where it matters.
CASES = [
    ((9,), (3,)),
    ((8,), (4,)),
    ((6, 9), (3, 3)),
    ((7, 5), (2, 2)),
    ((5, 8), (4, 3)),
    ((4, 7), (9, 9)),
    ((14, 14), (7, 7)),
    ((6, 3), (1, 1)),
    ((4, 5, 3), (2, 3, 2)),
]


def sizes(case):
    return "x".join(map(str, case[0])) + "-block-" + "x".join(map(str, case[1]))


@pytest.mark.statistical
@pytest.mark.parametrize("case", CASES, ids=sizes)
def test_drop_rate_at_every_position(case, key):
    """Borders included: each position falls with its exact probability 1 - (1 - gamma)^reach."""
    spatial, block = case
    probability = min(0.3, 0.6 / math.prod(oracle.clip(block, spatial)))
    draws = 40_000
    shape = (draws // 8, *spatial, 8)
    dropped = ~np.asarray(block_mask(key, shape, probability, block))
    rate = dropped.mean(axis=(0, -1))
    expected = oracle.drop_rate(spatial, block, probability)
    sigma = np.sqrt(expected * (1 - expected) / draws)
    # 5 sigma: one false alarm in 1.7 million positions.
    assert (np.abs(rate - expected) < 5 * sigma).all()


@pytest.mark.parametrize("case", CASES, ids=sizes)
def test_only_whole_blocks_fall(case, key):
    spatial, block = case
    probability = 0.5 / math.prod(s - b + 1 for s, b in zip(spatial, oracle.clip(block, spatial)))
    dropped = ~np.asarray(block_mask(key, (12, *spatial, 4), probability, block))
    assert dropped.any()
    for example in dropped:
        for channel in range(4):
            assert oracle.is_union_of_blocks(example[..., channel], block)


@pytest.mark.statistical
def test_realised_rate_at_the_papers_setting(key):
    """14x14, block 7, keep_prob 0.9: 9.3 % fall by the paper's gamma, not timm's 21 %."""
    mask = block_mask(key, (256, 14, 14, 64), gamma(0.9, (14, 14), 7), 7)
    expected = oracle.drop_rate((14, 14), (7, 7), gamma(0.9, (14, 14), 7)).mean()
    assert expected == pytest.approx(0.093, abs=0.001)
    # 16384 masks; their shares have a deviation of about 0.15.
    assert 1 - float(mask.mean()) == pytest.approx(expected, abs=5 * 0.15 / 128)


@pytest.mark.statistical
def test_examples_and_channels_are_independent(key):
    dropped = ~np.asarray(block_mask(key, (4000, 5, 6, 2), 0.05, 3))
    centre = dropped[:, 2, 3, :]
    rate = oracle.drop_rate((5, 6), (3, 3), 0.05)[2, 3]
    both = (centre[:, 0] & centre[:, 1]).mean()
    assert both == pytest.approx(rate**2, abs=5 * rate / math.sqrt(4000))
    neighbours = (centre[:-1, 0] & centre[1:, 0]).mean()
    assert neighbours == pytest.approx(rate**2, abs=5 * rate / math.sqrt(4000))


@pytest.mark.statistical
def test_sixteen_bit_gammas_are_not_rounded(key):
    """gamma 0.00625 is 0.0078 in bfloat16: the rate must not follow it there."""
    import jax.numpy as jnp

    from dropblock import dropblock

    x = jnp.ones((512, 16, 16, 16), jnp.bfloat16)
    share = float((dropblock(key, x, 0.00625, 1) == 0).mean())
    sigma = math.sqrt(0.00625 / x.size)
    assert share == pytest.approx(0.00625, abs=5 * sigma)


def test_block_as_large_as_the_map_is_spatial_dropout(key):
    mask = np.asarray(block_mask(key, (64, 5, 4, 8), 0.5, 11))
    flat = mask.reshape(64, -1, 8)
    assert (flat == flat[:, :1]).all()
    assert 0.3 < flat[:, 0].mean() < 0.7
    # The very units that spatial_dropout drops with the same key: both draw one number a channel.
    other = np.asarray(spatial_dropout(key, np.ones((64, 5, 4, 8), np.float32), 0.5))
    assert (other != 0).reshape(64, -1, 8).std(axis=1).max() == 0


def test_shared_channels(key):
    mask = block_mask(key, (3, 6, 7, 5), 0.2, 3, shared_channels=True)
    assert mask.shape == (3, 6, 7, 1)


def test_channels_differ_by_default(key):
    mask = np.asarray(block_mask(key, (3, 6, 7, 5), 0.2, 3))
    assert mask.shape == (3, 6, 7, 5)
    assert not (mask == mask[..., :1]).all()


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_certain_probabilities(probability, key):
    mask = block_mask(key, (4, 6, 5, 3), probability, 3)
    assert (np.asarray(mask) == (probability == 0)).all()


def test_sites_of_a_shape_are_traced_once(key):
    """A network has dozens of sites: without that, sampling would be most of its tracing."""

    def program(sites):
        draw = lambda key: [block_mask(site, (2, 6, 6, 8), 0.1, 3) for site in key]  # noqa: E731
        return jax.jit(draw).lower(jax.random.split(key, sites)).as_text()

    one, eight = map(program, (1, 8))
    assert one.count("stablehlo.while") == eight.count("stablehlo.while") > 0


def test_same_mask_on_any_mesh(key):
    """Sharded over examples or channels, on one device or two: bit for bit the same."""
    make = jax.jit(
        lambda key: block_mask(key, (8, 6, 5, 4), 0.1, 3),
    )
    one = np.asarray(make(key))
    mesh = Mesh(np.array(jax.devices()[:2]), ("data",))
    for spec in (PartitionSpec("data"), PartitionSpec(None, None, None, "data")):
        sharded = jax.jit(
            lambda key: block_mask(key, (8, 6, 5, 4), 0.1, 3),
            out_shardings=NamedSharding(mesh, spec),
        )
        assert (np.asarray(sharded(key)) == one).all()
