"""Two loops of the sampler that a TPU wants written otherwise than a CPU or a GPU does.

``jax.lax.platform_dependent`` picks one when the program is compiled; both give the same bits.
Seen with jax 0.10.2 and its XLA. A variant may go when the other one is as quick on its platform:
``python benchmarks/workarounds.py`` times both on the present device.
"""

import functools

import jax
import jax.numpy as jnp


def set_bits(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
    """Sets bits of words, row by row; a word past the end sets nothing.

    A TPU scatters one element after the other, but compares a thousand at a time.

    Args:
      words: (batch, rows, words), unsigned.
      word: (batch, rows, n) int32, which word.
      bit: (batch, rows, n), which bit of it, as 1, 2, 4, ...; none comes twice.
    """
    out: jax.Array = jax.lax.platform_dependent(
        words, word, bit, tpu=set_bits_by_comparing, default=set_bits_by_scatter
    )
    return out


def grow(words: jax.Array, size: int, axis: int) -> jax.Array:
    """Ors every row into the ``size`` rows that start at it along ``axis``, by size - 1 longer.

    Eight copies at a time make the paper's block of 7 one pass on a TPU; XLA's CPU compiler would
    repeat that work inside every pass that reads the words.
    """
    out: jax.Array = jax.lax.platform_dependent(
        words,
        tpu=functools.partial(grow_by_copies, size=size, axis=axis, copies=8),
        default=functools.partial(grow_by_copies, size=size, axis=axis, copies=2),
    )
    return out


def set_bits_by_scatter(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
    """:func:`set_bits` one by one; as no bit comes twice, adding is or-ing."""

    def one_row(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
        return words.at[word].add(bit, mode="drop")

    out: jax.Array = jax.vmap(jax.vmap(one_row))(words, word, bit)
    return out


def set_bits_by_comparing(words: jax.Array, word: jax.Array, bit: jax.Array) -> jax.Array:
    """:func:`set_bits` by comparing every word with every seed of its row."""
    index = jax.lax.broadcasted_iota(jnp.int32, (1, 1, 1, words.shape[-1]), 3)
    for_each = jnp.where(word[..., None] == index, bit[..., None], 0)
    new: jax.Array = jax.lax.reduce(for_each, words.dtype.type(0), jax.lax.bitwise_or, (2,))
    return words | new


def grow_by_copies(words: jax.Array, size: int, axis: int, copies: int) -> jax.Array:
    """:func:`grow` by up to ``copies`` shifted copies at a time."""
    width = 1
    while width < size:
        total = min(copies * width, size)
        shifts = sorted({min(shift, total - width) for shift in range(0, total, width)})
        pads = [
            [(shift, total - width - shift) if a == axis else (0, 0) for a in range(words.ndim)]
            for shift in shifts
        ]
        words = functools.reduce(jnp.bitwise_or, [jnp.pad(words, pad) for pad in pads])
        width = total
    return words
