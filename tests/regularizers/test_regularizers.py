"""The regularisers of the paper's Table 1: where and what they drop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropblock import apply_mask
from regularizers import Site
from regularizers.drop_path import DropPath
from regularizers.dropblock import DropBlock
from regularizers.dropout import Dropout
from regularizers.head_dropout import HeadDropout
from regularizers.spatial_dropout import SpatialDropout

SHAPE = (64, 6, 6, 32)
SITES = ("skip", "conv1", "conv2", "conv3", "branch", "head")
CONVS = {"conv1", "conv2", "conv3"}


@pytest.mark.parametrize(
    ("regularizer", "dropping"),
    [
        (DropBlock(), {"skip"} | CONVS),
        (DropBlock(on_skip=False), CONVS),
        (Dropout(), CONVS),
        (SpatialDropout(), CONVS),
        (DropPath(), {"branch"}),
        (HeadDropout(), {"head"}),
    ],
)
def test_drops_at_its_kinds_of_sites_in_its_groups(regularizer, dropping):
    for group in (1, 2, 3, 4):
        found = {
            name for name in SITES if regularizer.drops_at(Site(f"block/{name}", group, SHAPE))
        }
        assert found == (dropping if group in (3, 4) else set())


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("regularizer", "alike"),
    [(Dropout(), ()), (SpatialDropout(), (1, 2)), (DropPath(), (1, 2, 3))],
)
def test_baselines_drop_whole_units_channels_or_examples(regularizer, alike, key):
    mask = jax.jit(lambda key: regularizer.draw(key, SHAPE, 0.6))(key)
    y = np.asarray(apply_mask(jnp.ones(SHAPE), mask))
    dropped = y == 0
    assert float(mask.dropped) == pytest.approx(dropped.mean(), abs=1e-6)
    np.testing.assert_allclose(y[~dropped], 1 / 0.6, rtol=1e-6)
    for axis in range(4):
        constant = (dropped == np.take(dropped, [0], axis)).all()
        assert constant == (axis in alike), axis
    independent = dropped.size // np.prod([SHAPE[axis] for axis in alike], initial=1)
    assert abs(dropped.mean() - 0.4) < 5 * (0.4 * 0.6 / independent) ** 0.5


@pytest.mark.statistical
def test_head_dropout_drops_features(key):
    mask = jax.jit(lambda key: HeadDropout().draw(key, (64, 256), 0.25))(key)
    features = np.asarray(apply_mask(jnp.ones((64, 256)), mask))
    assert (features == 0).mean() == pytest.approx(0.75, abs=0.02)
    assert set(features.ravel()) == {0.0, 4.0}


@pytest.mark.parametrize("constructor", [Dropout, SpatialDropout, DropPath])
def test_keep_prob_one_changes_nothing(constructor, key):
    x = jnp.linspace(-1, 1, np.prod(SHAPE)).reshape(SHAPE)
    mask = jax.jit(lambda key: constructor().draw(key, SHAPE, 1.0))(key)
    assert (apply_mask(x, mask) == x).all()
    assert float(mask.dropped) == 0


def test_linear_schedule_falls_from_one_to_its_target_and_constant_stays():
    linear, constant = (Dropout(keep_prob=0.8, schedule=name) for name in ("linear", "constant"))
    assert [float(linear.keep_prob_at(step, 10)) for step in (0, 5, 10)] == pytest.approx(
        [1, 0.9, 0.8]
    )
    assert float(constant.keep_prob_at(0, 10)) == pytest.approx(0.8)


def test_earlier_groups_drop_a_quarter_unless_told_otherwise():
    """Section 4.1 of the paper: the probability of group 4 over 4 in group 3."""
    scaled, same = Dropout(), DropPath(scale_by_group=False)
    assert [float(scaled.keep_prob_of(group, 0.6)) for group in (3, 4)] == pytest.approx([0.9, 0.6])
    assert [same.keep_prob_of(group, 0.6) for group in (1, 4)] == [0.6, 0.6]


@pytest.mark.parametrize(
    ("constructor", "options", "message"),
    [
        (Dropout, {"keep_prob": 0.0}, r"keep_prob must be in \(0, 1\], got 0\.0\."),
        (Dropout, {"keep_prob": float("nan")}, r"keep_prob must be in \(0, 1\], got nan\."),
        (Dropout, {"groups": (3, 5)}, r"groups must be groups from 1 to 4, got 5 in \(3, 5\)\."),
        (Dropout, {"groups": ()}, r"groups must name at least one group and none twice, got \(\)"),
        (Dropout, {"groups": (3, 3)}, r"groups must name .* none twice, got \(3, 3\)\."),
        (Dropout, {"schedule": "cosine"}, r"schedule must be one of linear, constant, got 'cosi"),
        (DropBlock, {"block_size": 0}, r"block_size must be at least 1, got 0\."),
        (DropBlock, {"gamma": "true"}, r"gamma must be one of paper, exact, got 'true'\."),
    ],
)
def test_refuses_bad_fields(constructor, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        constructor(**options)
