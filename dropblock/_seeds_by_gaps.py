"""Bernoulli seeds by the gaps between them: random numbers for the seeds, not for the positions.

The number of misses before the next success of a Bernoulli process is geometric and independent
of the past, so drawing gaps *is* the Bernoulli process. DropBlock's gamma is small (0.006 at
14 x 14, block 7, keep_prob 0.9), hence one number a gap is a hundredth of one a position.

Integers throughout: no logarithm whose last bit depends on the backend, the fusion or the mesh.
"""

import math

import jax
import jax.numpy as jnp

from dropblock._fixed_point import fixed_point, multiply_high

#: Bound on the probability that any seed of one call is missing, see :func:`_draws`.
TRUNCATION = 1e-10

#: Chunks drawn so far, the last seed's site in every row, and the words.
State = tuple[jax.Array, jax.Array, jax.Array]

#: Gaps drawn at a time in every row. Any value gives the same law, but another mask.
CHUNK = 64


def seed_words(
    key: jax.Array, gamma: jax.Array, shape: tuple[int, int, int, int], bits: int, dtype: jnp.dtype
) -> jax.Array:
    """Draws one independent Bernoulli(gamma) seed a position: see ``_seeds.seed_words``."""
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
        return index + 1, last, _set_bits(out, word, bit)

    # The trip count depends on gamma alone: no collective on any mesh, and it batches under vmap.
    # shard_map wants the carry to vary over the devices from the start, as what it is made of
    # does: this is a zero that varies as the key and gamma do.
    zero = jnp.min(jax.random.key_data(key)) & fixed_point(gamma) & 0
    start = (
        zero.astype(jnp.int32),
        jnp.full((batch, rows), -1, jnp.int32) + zero.astype(jnp.int32),
        jnp.zeros((batch, rows, words * channels), dtype) + zero.astype(dtype),
    )
    out = jax.lax.while_loop(lambda state: state[0] * chunk < draws, draw_chunk, start)[2]
    return jnp.moveaxis(out.reshape(batch, rows, words, channels), 1, 2)


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
    return jnp.where(fixed_point(gamma) == 0, jnp.where(gamma < 0.5, 0, sites), draws)


def _survival(gamma: jax.Array, digits: int) -> list[jax.Array]:
    """Powers (1 - gamma) ** (2 ** j) for j < digits, in units of 2**-32, rounded down."""
    # gamma 1 comes out as 2**32 - 0 = 0 modulo 2**32, gamma 0 as well, but then nothing is drawn.
    survival = [jnp.zeros((), jnp.uint32) - fixed_point(gamma)]
    for _ in range(digits - 1):
        survival.append(multiply_high(survival[-1], survival[-1]))
    return survival


def _gaps(random: jax.Array, survival: list[jax.Array]) -> jax.Array:
    """The geometric gap of every uniform uint32: the largest g with random < survival ** g.

    Found digit by digit from the highest, as in a binary search; int32. Its distribution
    function is exact to len(survival) / 2**32.
    """
    power = jnp.full_like(random, 2**32 - 1)
    gap = jnp.zeros(random.shape, jnp.int32)
    for digit in reversed(range(len(survival))):
        longer = multiply_high(power, survival[digit])
        reached = random < longer
        power = jnp.where(reached, longer, power)
        gap += jnp.where(reached, 1 << digit, 0)
    return gap


def _set_bits(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
    """Sets bits of words, row by row; a word past the end sets nothing.

    Args:
      words: (batch, rows, words), unsigned.
      word: (batch, rows, n) int32, which word.
      bit: (batch, rows, n), which bit of it, as 1, 2, 4, ...; none comes twice.
    """

    def one_row(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
        # As no bit comes twice, adding is or-ing.
        return words.at[word].add(bit, mode="drop")

    out: jax.Array = jax.vmap(jax.vmap(one_row))(words, word, bit)
    return out
