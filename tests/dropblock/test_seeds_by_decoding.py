"""The sampler for accelerators: the exact probability of every word, from all its random bits."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropblock import _seeds_by_decoding
from dropblock._fixed_point import fixed_point

GAMMAS = [2.0**-31, 1e-6, 0.0016, 0.00625, 0.1, 0.3, 0.5, 0.7, 0.99, 1 - 2.0**-20]


def decoder(gamma, positions):
    """uint64 array -> how its bits decide, the first position highest; a miss is a 1."""
    reverse = np.array([int(f"{n:0{positions}b}"[::-1], 2) for n in range(2**positions)])
    threshold = fixed_point(jnp.float32(gamma))
    decode = jax.jit(_seeds_by_decoding._decode, static_argnums=3)

    def decide(bits):
        number, spare = (bits >> 32).astype(np.uint32), bits.astype(np.uint32)
        words = np.asarray(decode(number, spare, threshold, positions))
        return 2**positions - 1 - reverse[words]

    return decide


def probabilities(gamma, positions):
    """How many of the 2**64 random bits decide in each way, as Python's integers.

    As a seed is the lower part of its range, the decision rises with the bits, read as a number:
    where each begins is found by bisection.
    """
    decide = decoder(gamma, positions)
    ways = np.arange(2**positions)
    low, high = np.zeros(len(ways), np.uint64), np.full(len(ways), 2**64 - 1, np.uint64)
    for _ in range(64):
        middle = low + (high - low) // 2
        reached = decide(middle) >= ways
        low, high = np.where(reached, low, middle + 1), np.where(reached, middle, high)
    # A way that nothing reaches begins past the end.
    begins = [int(b) if found else 2**64 for b, found in zip(low, decide(low) >= ways)]
    return [after - before for before, after in zip(begins, [*begins[1:], 2**64], strict=True)]


@pytest.mark.parametrize("positions", [1, 8, 12])
@pytest.mark.parametrize("gamma", GAMMAS)
def test_every_decision_has_its_probability_given_all_before(gamma, positions):
    exact = Fraction(float(np.float32(gamma)))
    ways = probabilities(gamma, positions)
    assert sum(ways) == 2**64
    for _ in range(positions):
        pasts = list(zip(ways[::2], ways[1::2], strict=True))
        for seed, miss in pasts:
            past = Fraction(seed + miss, 2**64)
            if past:
                bound = Fraction(1, 2**29) + Fraction(1, 2**62) / past
                assert abs(Fraction(seed, seed + miss) - exact) < bound
        ways = [seed + miss for seed, miss in pasts]


@pytest.mark.parametrize("gamma", GAMMAS)
def test_the_decision_rises_with_the_bits(gamma):
    bits = np.random.default_rng(0).integers(0, 2**64, 100_000, np.uint64, endpoint=False)
    assert (np.diff(decoder(gamma, 16)(np.sort(bits))) >= 0).all()


def test_the_part_of_a_range():
    """Against Python's integers: less than 3 too small, never too large."""
    random = np.random.default_rng(0)
    width = random.integers(2**31, 2**32, 10_000, np.uint32)
    threshold = random.integers(0, 2**32, 10_000, np.uint32) >> random.integers(0, 32, 10_000)
    width[:2] = 2**32 - 1, 2**31
    threshold[:2] = 2**32 - 1, 0
    part = _seeds_by_decoding._part_of(jnp.asarray(width), jnp.asarray(threshold, jnp.uint32))
    for p, w, t in zip(np.asarray(part), width, threshold, strict=True):
        assert 0 <= Fraction(int(w) * int(t), 2**32) - int(p) < 3


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_random_bits_of_every_kind_of_key(implementation):
    key = jax.random.key(1, impl=implementation)
    for words in _seeds_by_decoding._random_bits(key, (50, 2, 10, 40)):
        assert words.dtype == jnp.uint32
        ones = [(np.asarray(words) >> bit & 1).mean() for bit in range(32)]
        assert np.abs(np.array(ones) - 0.5).max() < 5 * 0.5 / np.sqrt(words.size)
        assert len(np.unique(words)) > words.size - 5
