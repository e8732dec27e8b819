"""From keep_prob to gamma."""

import itertools

import jax
import numpy as np
import pytest

from dropblock import exact_gamma, gamma
from tests.dropblock import oracle

MAPS = [((14, 14), 7), ((7, 7), 3), ((7, 7), 7), ((5, 9), (2, 4)), ((64, 48), 7), ((30,), 5)]


def test_equation_1():
    assert gamma(0.9, (14, 14), 7) == pytest.approx(0.1 / 49 * 196 / 64)
    assert gamma(0.9, (20, 30), 5) == pytest.approx(0.1 / 25 * 600 / (16 * 26))
    assert gamma(0.75, 10, 3) == pytest.approx(0.25 / 3 * 10 / 8)  # an int: one spatial axis


def test_block_one_is_dropout_and_block_of_the_map_is_spatial_dropout():
    assert gamma(0.9, (6, 9), 1) == pytest.approx(0.1)
    assert gamma(0.9, (6, 9), 99) == pytest.approx(0.1)
    assert float(exact_gamma(0.9, (6, 9), 1)) == pytest.approx(0.1)
    assert float(exact_gamma(0.9, (6, 9), 99)) == pytest.approx(0.1)


def test_never_above_the_drop_rate():
    for height, width, block in itertools.product(range(1, 9), range(1, 9), range(1, 12)):
        assert 0 <= gamma(0.6, (height, width), block) <= 0.4 + 1e-12


@pytest.mark.parametrize("keep_prob", [0.0, 0.001, 0.1, 0.5, 0.75, 0.9, 0.99, 0.9999, 1.0])
@pytest.mark.parametrize("case", MAPS, ids=str)
def test_exact_gamma_keeps_exactly_keep_prob(case, keep_prob):
    spatial, block = case
    value = float(exact_gamma(keep_prob, spatial, block))
    assert 0 <= value <= 1
    sizes = block if isinstance(block, tuple) else (block,) * len(spatial)
    dropped = oracle.drop_rate(spatial, sizes, value).mean()
    np.testing.assert_allclose(dropped, 1 - keep_prob, rtol=1e-4, atol=1e-7)


def test_traceable():
    for function in (gamma, exact_gamma):
        traced = jax.jit(lambda p, f=function: f(p, (14, 14), 7))(0.9)
        assert float(traced) == pytest.approx(float(function(0.9, (14, 14), 7)), rel=1e-5)


@pytest.mark.parametrize("function", [gamma, exact_gamma])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1.1, (4, 4), 2), ValueError, r"keep_prob must be in \[0, 1\], got 1.1"),
        ((-0.1, (4, 4), 2), ValueError, "keep_prob"),
        ((0.9, (4, 4), 0), ValueError, "block_size must be at least 1"),
        ((0.9, (4, -1), 2), ValueError, "feat_size must be at least 0"),
        ((0.9, (), 2), ValueError, "feat_size must be at least 0, got none"),
        ((0.9, (4, 4), (2, 2, 2)), ValueError, "2 spatial axes"),
        ((0.9, 4.5, 2), TypeError, "feat_size must be an int"),
    ],
)
def test_refuses(function, arguments, error, message):
    with pytest.raises(error, match=message):
        function(*arguments)
