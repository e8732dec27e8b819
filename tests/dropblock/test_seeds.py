"""Both samplers of seeds: a Bernoulli process, exactly, at every gamma; and the packed words."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dropblock import _packed, _seeds_by_decoding, _seeds_by_gaps, block_mask
from tests.dropblock import oracle

GAMMAS = [1e-5, 1e-4, 0.00625, 0.1, 0.5, 0.9, 1.0]
# Fixed keys: a p-value below this is one false alarm in a million tests.
SMALL = 1e-6
SAMPLERS = {"gaps": _seeds_by_gaps.seed_words, "decoding": _seeds_by_decoding.seed_words}
samplers = pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)


def unpacked(words, positions, length):
    """(batch, rows, positions, channels) bool of the words of a map of ``length`` positions."""
    _, bits, dtype = _packed.layout(length)
    place = np.arange(positions)
    words = np.moveaxis(np.asarray(words), 1, 2)
    return (words[:, :, place // bits] >> (place % bits)[:, None].astype(dtype)) & 1 == 1


def seeds(sampler, key, gamma, shape, length=None):
    """(batch, rows, positions, channels) bool, drawn in words of a map of ``length`` positions."""
    length = length or shape[2]
    _, bits, dtype = _packed.layout(length)
    draw = jax.jit(sampler, static_argnums=(2, 3, 4))
    return unpacked(draw(key, jnp.float32(gamma), shape, bits, dtype), shape[2], length)


def independent(a, b):
    """The p-value of two arrays of bools being independent."""
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    return stats.chi2_contingency(table).pvalue


@pytest.mark.statistical
@pytest.mark.parametrize("gamma", GAMMAS)
@samplers
def test_counts_are_binomial(sampler, gamma, key):
    """Of rows, and of the positions of a word."""
    drawn = seeds(sampler, key, gamma, (400, 10, 8, 250))
    assert stats.binomtest(int(drawn.sum()), drawn.size, gamma).pvalue > SMALL
    for axes in ((2, 3), (2,)):
        sites = math.prod(drawn.shape[axis] for axis in axes)
        counts = drawn.sum(axis=axes).ravel()
        # Deciles of the binomial law as bins: chi-square over the rows or words.
        edges = np.unique(stats.binom.ppf(np.linspace(0, 1, 11)[1:-1], sites, gamma))
        cdf = np.concatenate([[0], stats.binom.cdf(edges, sites, gamma), [1]])
        expected = np.diff(cdf) * counts.size
        observed = np.bincount(np.searchsorted(edges, counts), minlength=len(edges) + 1)
        keep = expected > 1e-6
        assert observed[~keep].sum() == 0
        if keep.sum() > 1:
            test = stats.chisquare(observed[keep], expected[keep], sum_check=False)
            assert test.pvalue > SMALL


@pytest.mark.statistical
@pytest.mark.parametrize("positions", [9, 22, 50])
@samplers
def test_positions_are_uniform(sampler, positions, key):
    """In one word decided at once, in one decided in two parts, and in two words."""
    drawn = seeds(sampler, key, 0.02, (600, 6, positions, 40))
    for axis in range(4):
        sums = drawn.sum(axis=tuple(a for a in range(4) if a != axis))
        assert stats.chisquare(sums).pvalue > SMALL
    assert stats.chisquare(drawn.sum(axis=(0, 1)).ravel()).pvalue > SMALL


@pytest.mark.statistical
@pytest.mark.parametrize("gamma", [0.02, 0.3])
@samplers
def test_neighbours_are_independent(sampler, gamma, key):
    """Along every axis, at lag 1 and 7, and from one step's key to the next one's."""
    shape = (120, 12, 26, 32)
    drawn = seeds(sampler, key, gamma, shape)
    later = seeds(sampler, jax.random.fold_in(key, 1), gamma, shape)
    assert independent(drawn, later) > SMALL
    for axis in range(4):
        for lag in (1, 7):
            far = np.take(drawn, range(lag, shape[axis]), axis)
            near = np.take(drawn, range(shape[axis] - lag), axis)
            assert independent(far, near) > SMALL


@pytest.mark.statistical
@pytest.mark.parametrize("gamma", [0.0016, 0.1, 0.5])
@samplers
def test_pairs_and_runs_within_a_word(sampler, gamma, key):
    """Every two positions, and the place of the first seed."""
    drawn = seeds(sampler, key, gamma, (200, 8, 8, 1024)).swapaxes(2, 3).reshape(-1, 8)
    both = (drawn.T.astype(np.float32) @ drawn)[np.triu_indices(8, 1)]
    probability = gamma**2
    deviation = math.sqrt(len(drawn) * probability * (1 - probability))
    assert np.abs(both - len(drawn) * probability).max() < 5 * deviation
    first = np.where(drawn.any(axis=1), drawn.argmax(axis=1), 8)
    expected = [*(gamma * (1 - gamma) ** np.arange(8)), (1 - gamma) ** 8]
    observed = np.bincount(first, minlength=9)
    assert stats.chisquare(observed, np.array(expected) * len(drawn)).pvalue > SMALL


@pytest.mark.parametrize("gamma", [0.0, 1.0])
@pytest.mark.parametrize("positions", [5, 22, 50])
@samplers
def test_certain_gammas(sampler, positions, gamma, key):
    assert (seeds(sampler, key, gamma, (3, 4, positions, 6)) == (gamma == 1)).all()


@pytest.mark.statistical
@samplers
def test_tiny_gammas_keep_their_rate(sampler, key):
    """1e-7 is not a float32 uniform's multiple of 2**-23."""
    drawn = seeds(sampler, key, 1e-7, (1000, 4, 16, 1000))
    assert stats.binomtest(int(drawn.sum()), drawn.size, 1e-7).pvalue > SMALL


@pytest.mark.parametrize("positions", [5, 22, 50])
@samplers
def test_nothing_is_set_past_the_end(sampler, positions, key):
    """Words of 64 positions, of which the last hold no seed."""
    _, bits, dtype = _packed.layout(64)
    words = sampler(key, jnp.float32(0.9), (2, 3, positions, 4), bits, dtype)
    bits_set = sum(int((np.asarray(words) >> bit & 1).sum()) for bit in range(bits))
    assert bits_set == unpacked(words, positions, 64).sum() > 0


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
    # A block that covers an axis holds along all of it: one position, in a word of its own.
    length = 1 if valid[-1] == 1 else spatial[-1]
    sampler = SAMPLERS["gaps" if jax.default_backend() == "cpu" else "decoding"]
    starts = seeds(sampler, key, gamma, (2, math.prod(valid[:-1]), valid[-1], 3), length)
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
    counted = np.asarray(_packed.count(packed)) * math.prod(shape) // math.prod(packed.shape)
    assert (counted == (~expected).sum(axis=tuple(range(1, expected.ndim)))).all()
