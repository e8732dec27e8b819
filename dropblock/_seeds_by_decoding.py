"""Bernoulli seeds decoded from random bits: neither loops nor scatters, for accelerators.

A range decoder, as in data compression: what a compressor's decoder makes of random bits is a
sample of its model. Here the model is a seed with probability gamma at each position, and 64
random bits decide up to 16 positions, which need 16 of them on average at gamma 1/2, and less than
one at most of DropBlock's gammas. Integers throughout.
"""

import jax
import jax.numpy as jnp
import numpy as np

from dropblock._fixed_point import fixed_point

#: Positions decided by 64 random bits, which are hardly ever used up by so many: :func:`_decode`.
POSITIONS = 16


def seed_words(
    key: jax.Array, gamma: jax.Array, shape: tuple[int, int, int, int], bits: int, dtype: jnp.dtype
) -> jax.Array:
    """Draws one independent Bernoulli(gamma) seed a position: see ``_seeds.seed_words``."""
    batch, rows, positions, channels = shape
    # All words are decoded alike; what is past the end is removed.
    inside = [2 ** min(bits, positions - first) - 1 for first in range(0, positions, bits)]
    possible = np.asarray(inside, np.uint32).reshape(1, -1, 1, 1)
    threshold = fixed_point(gamma)
    words = jnp.zeros((batch, len(inside), rows, channels), jnp.uint32)
    for first in range(0, min(bits, positions), POSITIONS):
        number, spare = _random_bits(jax.random.fold_in(key, first), words.shape)
        decided = min(bits - first, positions - first, POSITIONS)
        words |= _decode(number, spare, threshold, decided) << first
    certain = (threshold == 0) & (gamma > 0.5)
    words = jnp.where(certain, possible, words & possible).astype(dtype)
    # Otherwise a compiler may draw the words again for whatever reads them.
    drawn: jax.Array = jax.lax.optimization_barrier(words)  # type: ignore[no-untyped-call]
    return drawn


def _random_bits(key: jax.Array, shape: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """Two uint32 arrays of random bits.

    They are the data of new keys. Those of JAX's own generator are two words that are computed
    together; ``jax.random.bits`` would compute the same two and return their exclusive or.
    """
    batch, *example = shape
    # A key for each example, as jax.random.split takes no symbolic sizes.
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(batch, dtype=jnp.uint32))
    new = jax.vmap(lambda key: jax.random.key_data(jax.random.split(key, tuple(example))))(keys)
    return new[..., 0], new[..., 1]


def _decode(number: jax.Array, spare: jax.Array, threshold: jax.Array, positions: int) -> jax.Array:
    """Decides positions by 64 random bits: bit ``p`` of the result is a seed at position ``p``.

    ``number`` is uniform in a range that begins at 0. Of its ``width`` the part ``hits`` is a
    seed, and what is left, of either kind, is a range again in which the number is uniform. Spare
    bits are appended to it until it is 2**31 wide at least.

    The probability of a seed, given all decisions before it, is ``hits / width``. It differs from
    gamma by less than 2**-29, of which 3 / 2**31 are :func:`_part_of`'s and 2**-33 the threshold's,
    while the spare bits last. Decisions of probability P use up -log2(P) bits; where these are more
    than the 32, zeros are appended, and the difference is below 2**-29 + 2**-62 / P. So it is below
    2**-24 unless P is below 2**-37: of words of 8 positions at most 3 in 10**10 come to that at any
    gamma, of 16 at most 5 in 10**8.

    Args:
      number: uint32, uniform.
      spare: uint32, uniform.
      threshold: gamma as :func:`fixed_point` has it; 0 is the probability 0.
      positions: how many to decide, at most 16.
    """
    words = jnp.zeros_like(number)
    width, hits = jnp.zeros_like(number), threshold  # 2**32 modulo 2**32
    for position in range(positions):
        hit = number < hits
        words |= jnp.where(hit, jnp.uint32(1 << position), 0)
        width = jnp.where(hit, hits, width - hits)
        number = jnp.where(hit, number, number - hits)
        shift = jax.lax.clz(width)
        number = number << shift | spare >> 1 >> 31 - shift
        width, spare = width << shift, spare << shift
        hits = _part_of(width, threshold)
    return words


def _part_of(width: jax.Array, threshold: jax.Array) -> jax.Array:
    """``width * threshold / 2**32``, less than 3 too small and never too large."""
    high, low = width >> 16, width & 0xFFFF
    threshold_high, threshold_low = threshold >> 16, threshold & 0xFFFF
    return high * threshold_high + (high * threshold_low >> 16) + (low * threshold_high >> 16)
