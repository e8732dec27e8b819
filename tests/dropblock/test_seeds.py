"""The sampler: a Bernoulli process, exactly, at every gamma; and the words it is packed in."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dropblock import _by_platform, _packed, _seeds, block_mask
from tests.dropblock import oracle

GAMMAS = [1e-5, 1e-4, 0.00625, 0.1, 0.5, 0.9, 1.0]
# Fixed keys: a p-value below this is one false alarm in a million tests.
SMALL = 1e-6


def seeds(key, gamma, shape, length=None):
    """(batch, rows, positions, channels) bool, unpacked with numpy.

    In words of a map of ``length`` positions, of which the seeds' are the first.
    """
    _, bits, dtype = _packed.layout(length or shape[2])
    words = np.asarray(_seeds.seed_words(key, jnp.float32(gamma), shape, bits, dtype))
    place = np.arange(shape[2])
    return (words[:, :, place // bits] >> (place % bits)[:, None].astype(dtype)) & 1 == 1


@pytest.mark.statistical
@pytest.mark.parametrize("gamma", GAMMAS)
def test_counts_are_binomial(gamma, key):
    shape = (400, 10, 8, 250)
    drawn = seeds(key, gamma, shape)
    sites = shape[2] * shape[3]
    assert stats.binomtest(int(drawn.sum()), drawn.size, gamma).pvalue > SMALL
    counts = drawn.sum(axis=(2, 3)).ravel()
    # Deciles of the binomial law as bins: chi-square over the 4000 rows.
    edges = np.unique(stats.binom.ppf(np.linspace(0, 1, 11)[1:-1], sites, gamma))
    cdf = np.concatenate([[0], stats.binom.cdf(edges, sites, gamma), [1]])
    expected = np.diff(cdf) * counts.size
    observed = np.bincount(np.searchsorted(edges, counts), minlength=len(edges) + 1)
    keep = expected > 1e-6
    assert observed[~keep].sum() == 0
    if keep.sum() > 1:
        assert stats.chisquare(observed[keep], expected[keep], sum_check=False).pvalue > SMALL


@pytest.mark.statistical
@pytest.mark.parametrize("gamma", GAMMAS[:-1])
def test_gaps_are_geometric(gamma, key):
    random = jax.random.bits(key, (400_000,), jnp.uint32)
    gaps = np.asarray(_seeds._gaps(random, _seeds._survival(jnp.float32(gamma), 18)))
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
    gaps = np.asarray(
        _seeds._gaps(jnp.asarray(random), _seeds._survival(jnp.float32(gamma), digits))
    )
    tolerance = digits / 2**32
    # gamma itself is rounded to 2**-32, which a gap of g feels g times.
    log_keep = math.log1p(-round(gamma * 2**32) / 2**32)
    slack = tolerance + gaps * np.exp(gaps * log_keep) * 2**-31
    uniform = (random + 0.5) / 2**32
    assert (uniform <= np.exp(gaps * log_keep) + slack).all()
    unsaturated = gaps < 2**digits - 1
    assert (uniform >= np.exp((gaps + 1) * log_keep) - slack)[unsaturated].all()


@pytest.mark.statistical
def test_positions_are_uniform(key):
    drawn = seeds(key, 0.02, (600, 6, 9, 40))
    for axis in range(4):
        sums = drawn.sum(axis=tuple(a for a in range(4) if a != axis))
        assert stats.chisquare(sums).pvalue > SMALL
    # Place and channel together, the two that one word index holds.
    assert stats.chisquare(drawn.sum(axis=(0, 1)).ravel()).pvalue > SMALL


@pytest.mark.statistical
@pytest.mark.parametrize("gamma", [0.02, 0.3])
def test_neighbours_are_independent(gamma, key):
    """Along every axis, at lag 1 and 7, and from one step's key to the next one's."""
    drawn = seeds(key, gamma, (120, 12, 16, 32))
    later = seeds(jax.random.fold_in(key, 1), gamma, (120, 12, 16, 32))
    pairs = [(drawn, later)]
    for axis in range(4):
        for lag in (1, 7):
            pairs.append(
                (np.take(drawn, range(lag, drawn.shape[axis]), axis),
                 np.take(drawn, range(drawn.shape[axis] - lag), axis))
            )  # fmt: skip
    for a, b in pairs:
        table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        assert stats.chi2_contingency(table).pvalue > SMALL


@pytest.mark.parametrize("rows", [1, 256, 100_000])
@pytest.mark.parametrize("sites", [1, 7, 512, 8192, 100_000])
def test_truncation_bound(sites, rows):
    """No row has more seeds than gaps are drawn, but with probability TRUNCATION in all."""
    for gamma in [0.0, 1e-9, 1e-6, 1e-4, 0.00625, 0.1, 0.5, 0.9, 0.999, 1.0]:
        gamma = float(np.float32(gamma))
        draws = int(_seeds._draws(jnp.float32(gamma), sites, rows))
        assert draws <= sites
        assert rows * stats.binom.sf(draws, sites, gamma) <= _seeds.TRUNCATION
        # Nor many more than needed.
        needed = stats.binom.isf(_seeds.TRUNCATION / rows, sites, gamma)
        assert draws <= 1.5 * needed + 30


@pytest.mark.parametrize("gamma", [0.0, 1.0])
def test_certain_gammas(gamma, key):
    assert (seeds(key, gamma, (3, 4, 5, 6)) == (gamma == 1)).all()


@pytest.mark.statistical
def test_tiny_gammas_keep_their_rate(key):
    """1e-7 is not a float32 uniform's multiple of 2**-23."""
    drawn = seeds(key, 1e-7, (1000, 4, 16, 1000))
    assert stats.binomtest(int(drawn.sum()), drawn.size, 1e-7).pvalue > SMALL


def test_seeds_do_not_depend_on_the_way_they_are_placed(key, monkeypatch):
    shape = (3, 4, 9, 20)
    scattered = seeds(key, 0.1, shape)
    monkeypatch.setattr(_by_platform, "set_bits", _by_platform.set_bits_by_comparing)
    assert (seeds(key, 0.1, shape) == scattered).all()


@pytest.mark.parametrize(
    ("spatial", "block"),
    [((5,), (2,)), ((70,), (40,)), ((4, 8), (3, 8)), ((3, 33), (2, 5)), ((5, 112), (3, 47)),
     ((2, 56), (1, 29)), ((3, 4, 65), (2, 2, 64)), ((6, 14), (6, 7)), ((2, 32), (2, 32))],
)  # fmt: skip
def test_packed_dilation_is_the_plain_one(spatial, block, key):
    """Words, many words and carries between them against shifted bools."""
    shape = (2, *spatial, 3)
    valid = [s - b + 1 for s, b in zip(spatial, block, strict=True)]
    gamma = 1 / math.prod(valid)
    starts = seeds(key, gamma, (2, math.prod(valid[:-1]), valid[-1], 3), spatial[-1])
    fallen = np.zeros(shape, bool)
    for start, where in zip(
        np.moveaxis(starts.reshape(2, -1, 3), 1, 0), oracle.starts(spatial, block)
    ):
        fallen[:, *where] |= start.reshape(2, *[1] * len(spatial), 3)
    expected = ~fallen
    assert not expected.all()
    mask = block_mask(key, shape, gamma, block)
    assert (np.asarray(mask) == expected).all()
    packed = _packed.sample(key, jnp.float32(gamma), shape, block)
    count = np.asarray(_packed.count(packed))
    assert (count == (~expected).sum(axis=tuple(range(1, expected.ndim)))).all()
