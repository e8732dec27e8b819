"""The sampler for CPUs: gaps that are geometric, and enough of them."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dropblock._seeds_by_gaps import TRUNCATION, _draws, _gaps, _survival

# Fixed keys: a p-value below this is one false alarm in a million tests.
SMALL = 1e-6


@pytest.mark.statistical
@pytest.mark.parametrize("gamma", [1e-5, 1e-4, 0.00625, 0.1, 0.5, 0.9])
def test_gaps_are_geometric(gamma, key):
    random = jax.random.bits(key, (400_000,), jnp.uint32)
    gaps = np.asarray(_gaps(random, _survival(jnp.float32(gamma), 18)))
    edges = np.unique(stats.geom.ppf(np.linspace(0, 1, 41)[1:-1], gamma) - 1)
    cdf = np.concatenate([[0], stats.geom.cdf(edges + 1, gamma), [1]])
    # Gaps saturate at the end of the row, 2**18 - 1: all that is longer is in the last bin.
    inside = edges < 2**18 - 1
    cdf = np.concatenate([cdf[:-1][: inside.sum() + 1], [1]])
    expected = np.diff(cdf) * gaps.size
    observed = np.bincount(np.searchsorted(edges[inside], gaps), minlength=len(expected))
    keep = expected > 1e-6
    assert observed[~keep].sum() == 0
    if keep.sum() > 1:
        assert stats.chisquare(observed[keep], expected[keep], sum_check=False).pvalue > SMALL


@pytest.mark.parametrize("gamma", [1e-6, 1e-5, 0.00625, 0.1, 0.5, 0.9])
def test_gaps_against_float64_logarithms(gamma, key):
    """Every single gap: the survival function at it is exact to digits / 2**32."""
    gamma = float(np.float32(gamma))
    random = np.array(jax.random.bits(key, (100_000,), jnp.uint32))
    random[:3] = 0, 1, 2**32 - 1
    digits = 20
    gaps = np.asarray(_gaps(jnp.asarray(random), _survival(jnp.float32(gamma), digits)))
    tolerance = digits / 2**32
    # gamma itself is rounded to 2**-32, which a gap of g feels g times.
    log_keep = math.log1p(-round(gamma * 2**32) / 2**32)
    slack = tolerance + gaps * np.exp(gaps * log_keep) * 2**-31
    uniform = (random + 0.5) / 2**32
    assert (uniform <= np.exp(gaps * log_keep) + slack).all()
    unsaturated = gaps < 2**digits - 1
    assert (uniform >= np.exp((gaps + 1) * log_keep) - slack)[unsaturated].all()


@pytest.mark.parametrize("rows", [1, 256, 100_000])
@pytest.mark.parametrize("sites", [1, 7, 512, 8192, 100_000])
def test_truncation_bound(sites, rows):
    """No row has more seeds than gaps are drawn, but with probability TRUNCATION in all."""
    for gamma in [0.0, 1e-9, 1e-6, 1e-4, 0.00625, 0.1, 0.5, 0.9, 0.999, 1.0]:
        gamma = float(np.float32(gamma))
        draws = int(_draws(jnp.float32(gamma), sites, rows))
        assert draws <= sites
        assert rows * stats.binom.sf(draws, sites, gamma) <= TRUNCATION
        # Nor many more than needed.
        needed = stats.binom.isf(TRUNCATION / rows, sites, gamma)
        assert draws <= 1.5 * needed + 30
