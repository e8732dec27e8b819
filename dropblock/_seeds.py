"""Bernoulli seeds by the gaps between them: random numbers for the seeds, not for the positions.

The number of misses before the next success of a Bernoulli process is geometric and independent
of the past, so drawing gaps *is* the Bernoulli process. DropBlock's gamma is small (0.006 at
14 x 14, block 7, keep_prob 0.9), hence one number a gap is a hundredth of one a position.

Integers throughout: no logarithm whose last bit depends on the backend, the fusion or the mesh.
"""

import math

import jax
import jax.export
import jax.numpy as jnp

from dropblock import _by_platform

#: Bound on the probability that any seed of one call is missing, see :func:`_draws`.
TRUNCATION = 1e-10

#: Chunks drawn so far, the last seed's site in every row, and the words.
State = tuple[jax.Array, jax.Array, jax.Array]

#: Gaps drawn at a time in every row. Any value gives the same law, but another mask.
CHUNK = 64


def seed_words(
    key: jax.Array, gamma: jax.Array, shape: tuple[int, int, int, int], bits: int, dtype: jnp.dtype
) -> jax.Array:
    """Draws one independent Bernoulli(gamma) seed a position, packed along the third axis.

    Args:
      key: a typed key.
      gamma: float32 scalar in [0, 1], rounded here to a multiple of 2**-32.
      shape: (batch, rows, positions, channels) of the seeds, none of them 0; the batch may be
        symbolic; positions times channels below 2**30.
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
        random = jax.random.bits(jax.random.fold_in(key, index), (batch, rows, chunk), jnp.uint32)
        site = last[..., None] + jnp.cumsum(_gaps(random, survival) + 1, axis=-1)
        # Past the end is past the end: saturated so that no later sum can overflow.
        last = jnp.minimum(site[..., -1], sites)
        position, channel = site // channels, site % channels
        word = jnp.where(site < sites, position // bits * channels + channel, words * channels)
        bit = jnp.left_shift(1, position % bits).astype(dtype)
        return index + 1, last, _by_platform.set_bits(out, word, bit)

    # The trip count depends on gamma alone: no collective on any mesh, and it batches under vmap.
    # shard_map wants the carry to vary over the devices from the start, as what it is made of
    # does: this is a zero that varies as the key and gamma do.
    zero = jnp.min(jax.random.key_data(key)) & _fixed(gamma) & 0
    start = (
        zero.astype(jnp.int32),
        jnp.full((batch, rows), -1, jnp.int32) + zero.astype(jnp.int32),
        jnp.zeros((batch, rows, words * channels), dtype) + zero.astype(dtype),
    )
    out = jax.lax.while_loop(lambda state: state[0] * chunk < draws, draw_chunk, start)[2]
    return out.reshape(batch, rows, words, channels)


def _draws(gamma: jax.Array, sites: int, rows: int) -> jax.Array:
    """How many gaps to draw in each row so that all reach the row's end, int32 scalar.

    A row's seeds are binomial with mean m = sites * gamma and variance at most m. By Bernstein's
    inequality more than m + t of them have a probability of at most
    exp(-t**2 / (2 * (m + t / 3))), which is TRUNCATION / rows at the t used here; the union of
    all rows is TRUNCATION. A row never has more than ``sites`` seeds, and none at gamma 0.
    """
    budget: float | jax.Array
    if jax.export.is_symbolic_dim(rows):
        budget = jnp.log(jnp.asarray(rows).astype(jnp.float32)) - math.log(TRUNCATION)
    else:
        budget = math.log(rows / TRUNCATION)
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
    """Powers (1 - gamma) ** (2 ** j) for j < digits, in units of 2**-32, rounded down."""
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
