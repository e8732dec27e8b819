"""Bernoulli seeds, packed into words: drawn by whichever sampler suits the machine.

Both have the same law, so that it does not matter which one is used; the same key gives other
seeds on a CPU than on a GPU or TPU.
"""

import jax
import jax.export
import jax.numpy as jnp

from dropblock import _seeds_by_decoding, _seeds_by_gaps


def seed_words(
    key: jax.Array, gamma: jax.Array, shape: tuple[int, int, int, int], bits: int, dtype: jnp.dtype
) -> jax.Array:
    """Draws one independent Bernoulli(gamma) seed a position, packed along the third axis.

    A CPU computes few random numbers in a loop and scatters the seeds that they stand for. An
    accelerator computes many in no time, but is slow at scattering, and a GPU's loops are run by
    the host: it decodes every word from random bits of its own.

    Args:
      key: a typed key.
      gamma: float32 scalar in [0, 1], rounded to a multiple of 2**-32.
      shape: (batch, rows, positions, channels) of the seeds, none of them 0; the batch may be
        symbolic; positions times channels below 2**30.
      bits: positions in a word, at most 32.
      dtype: unsigned, of at least ``bits`` bits.

    Returns:
      (batch, ceil(positions / bits), rows, channels) of ``dtype``: position ``p`` is bit
      ``p % bits`` of word ``p // bits``.
    """
    drawn: jax.Array = jax.lax.platform_dependent(
        key,
        gamma,
        cpu=lambda key, gamma: _seeds_by_gaps.seed_words(key, gamma, shape, bits, dtype),
        default=lambda key, gamma: _seeds_by_decoding.seed_words(key, gamma, shape, bits, dtype),
    )
    return drawn
