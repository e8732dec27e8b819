"""Bernoulli seeds by the gaps between them: random numbers for the seeds, not for the positions.

The number of misses before the next success of a Bernoulli process is geometric and independent
of the past, so drawing gaps *is* the Bernoulli process. DropBlock's gamma is small (0.006 at
14 x 14, block 7, keep_prob 0.9), hence one number a gap is a hundredth of one a position.

Integers throughout: no logarithm whose last bit depends on the backend, the fusion or the mesh.
"""

import math

import jax
import jax.numpy as jnp

#: Bound on the probability that any seed of one call is missing, see :func:`_draws`.
TRUNCATION = 1e-10

#: Chunks drawn so far, the last seed's site in every row, and the words.
State = tuple[jax.Array, jax.Array, jax.Array]

#: Gaps drawn at a time in every row. Any value gives the same law, but another mask.
CHUNK = 64


def seed_words(
    rng: jax.Array, gamma: jax.Array, shape: tuple[int, int, int, int], bits: int, dtype: jnp.dtype
) -> jax.Array:
    """One independent Bernoulli(gamma) seed a position, packed along the third axis.

    Args:
      rng: a key.
      gamma: float32 scalar in [0, 1], rounded here to a multiple of 2**-32.
      shape: (batch, rows, positions, channels) of the seeds.
      bits: positions in a word.
      dtype: unsigned, of at least ``bits`` bits.

    Returns:
      (batch, rows, ceil(positions / bits), channels) of ``dtype``: position ``p`` is bit
      ``p % bits`` of word ``p // bits``.
    """
    batch, rows, positions, channels = shape
    words = -(-positions // bits)
    sites = positions * channels
    # Fewer at a time where 64 gaps could overflow int32: over 8 million places in a row.
    chunk = min(CHUNK, sites, 2 ** (30 - sites.bit_length()))
    draws = _draws(gamma, sites, batch * rows)
    survival = _survival(gamma, sites.bit_length())

    def draw_chunk(state: State) -> State:
        index, last, out = state
        key = jax.random.fold_in(rng, index)
        random = jax.random.bits(key, (batch, rows, chunk), jnp.uint32)
        site = last[..., None] + jnp.cumsum(_gaps(random, survival) + 1, axis=-1)
        # Past the end is past the end: saturated so that no later sum can overflow.
        last = jnp.minimum(site[..., -1], sites)
        position, channel = site // channels, site % channels
        word = jnp.where(site < sites, position // bits * channels + channel, words * channels)
        bit = jnp.left_shift(1, position % bits).astype(dtype)
        # A TPU scatters one by one, but compares a thousand at a time.
        out = jax.lax.platform_dependent(out, word, bit, tpu=_set_bits_dense, default=_set_bits)
        return index + 1, last, out

    # The trip count depends on gamma alone: no collective on any mesh, and it batches under vmap.
    # A zero that varies over the devices as the key does: shard_map wants the carry's type fixed.
    zero = jnp.min(jax.random.key_data(rng) if _is_typed(rng) else rng) & 0
    start = (
        jnp.zeros((), jnp.int32),
        jnp.full((batch, rows), -1, jnp.int32) + zero.astype(jnp.int32),
        jnp.zeros((batch, rows, words * channels), dtype) + zero.astype(dtype),
    )
    out = jax.lax.while_loop(lambda state: state[0] * chunk < draws, draw_chunk, start)[2]
    return out.reshape(batch, rows, words, channels)


def _set_bits(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
    """Sets ``bit`` of ``word``, both (batch, rows, n), in (batch, rows, words); or nowhere.

    No bit comes twice, so that adding is or-ing.
    """

    def one_row(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
        return words.at[word].add(bit, mode="drop")

    out: jax.Array = jax.vmap(jax.vmap(one_row))(words, word, bit)
    return out


def _set_bits_dense(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
    """:func:`_set_bits` by comparing every word with every seed of its row."""
    index = jax.lax.broadcasted_iota(jnp.int32, (1, 1, *words.shape[2:]), 2)
    for_each = jnp.where(word[..., None] == index[..., None, :], bit[..., None], 0)
    new: jax.Array = jax.lax.reduce(for_each, words.dtype.type(0), jax.lax.bitwise_or, (2,))
    return words | new


def _is_typed(rng: jax.Array) -> bool:
    return jnp.issubdtype(rng.dtype, jax.dtypes.prng_key)


def _draws(gamma: jax.Array, sites: int, rows: int) -> jax.Array:
    """Gaps to draw in each row so that all of them reach the row's end, int32 scalar.

    A row's seeds are binomial with mean m = sites * gamma and variance at most m. By Bernstein's
    inequality more than m + t of them have a probability of at most
    exp(-t**2 / (2 * (m + t / 3))), which is TRUNCATION / rows at the t used here; the union of
    all rows is TRUNCATION. A row never has more than ``sites`` seeds, and none at gamma 0.
    """
    budget = math.log(rows / TRUNCATION) if rows else 0.0
    mean = sites * gamma
    margin = budget / 3 + jnp.sqrt(budget**2 / 9 + 2 * budget * mean)
    # One more for the float32 rounding of this line.
    draws = jnp.minimum(jnp.ceil(mean + margin).astype(jnp.int32) + 1, sites)
    return jnp.where(_fixed(gamma) == 0, jnp.where(gamma < 0.5, 0, sites), draws)


def _fixed(gamma: jax.Array) -> jax.Array:
    """gamma * 2**32 modulo 2**32, uint32: 0 stands for 0 and for 1."""
    scaled = jnp.round(gamma * 2.0**32)
    return jnp.where(scaled < 2.0**32, scaled, 0).astype(jnp.uint32)


def _survival(gamma: jax.Array, digits: int) -> list[jax.Array]:
    """(1 - gamma) ** (2 ** j) for j < digits, in units of 2**-32, rounded down."""
    # gamma 1 comes out as 2**32 - 0 = 0 modulo 2**32, gamma 0 as well, but then nothing is drawn.
    survival = [jnp.zeros((), jnp.uint32) - _fixed(gamma)]
    for _ in range(digits - 1):
        survival.append(_multiply_high(survival[-1], survival[-1]))
    return survival


def _gaps(random: jax.Array, survival: list[jax.Array]) -> jax.Array:
    """The geometric gap of every uniform uint32: the largest g with random < survival ** g.

    Found digit by digit from the highest, as in a binary search; int32. Its distribution
    function is exact to len(survival) / 2**32.
    """
    power = jnp.full_like(random, 2**32 - 1)
    gap = jnp.zeros(random.shape, jnp.int32)
    for digit in reversed(range(len(survival))):
        longer = _multiply_high(power, survival[digit])
        reached = random < longer
        power = jnp.where(reached, longer, power)
        gap += jnp.where(reached, 1 << digit, 0)
    return gap


def _multiply_high(a: jax.Array, b: jax.Array) -> jax.Array:
    """The upper 32 bits of the 64-bit product of two uint32, in 32-bit arithmetic."""
    a_high, a_low, b_high, b_low = a >> 16, a & 0xFFFF, b >> 16, b & 0xFFFF
    middle = a_high * b_low + (a_low * b_low >> 16)
    return a_high * b_high + (middle >> 16) + (a_low * b_high + (middle & 0xFFFF) >> 16)
