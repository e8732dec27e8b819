"""Masks of one bit a unit: positions of the last spatial axis are the bits of unsigned words.

Dilation is shifts and ors, counting is a population count, and the bits are unpacked inside the
very pass that multiplies the activations.
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from dropblock import _seeds


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["words"], meta_fields=["bits", "length"]
)
@dataclasses.dataclass(frozen=True)
class Packed:
    """A set of dropped units: (batch, *spatial[:-1], words, channels), and bits in a word."""

    words: jax.Array
    bits: int
    length: int


def layout(length: int) -> tuple[int, int, jnp.dtype]:
    """Words, bits in each and dtype that hold ``length`` positions: as even as possible."""
    words = -(-length // 32)
    bits = -(-length // words)
    return words, bits, jnp.dtype(f"uint{8 if bits <= 8 else 16 if bits <= 16 else 32}")


# Jitted by itself, JAX traces it once for all sites of a shape; XLA inlines it.
@functools.partial(jax.jit, static_argnums=(2, 3))
def sample(
    rng: jax.Array,
    gamma: jax.Array,
    shape: tuple[int, ...],
    block: tuple[int, ...],
) -> Packed:
    """The dropped units of Algorithm 1.

    Args:
      rng: a key.
      gamma: float32 scalar.
      shape: (batch, *spatial, channels) of the mask.
      block: one size per spatial axis, each at most its length.
    """
    batch, *spatial, channels = shape
    valid = [length - size + 1 for length, size in zip(spatial, block, strict=True)]
    words, bits, dtype = layout(spatial[-1])
    seeds = _seeds.seed_words(
        rng, gamma, (batch, math.prod(valid[:-1]), valid[-1], channels), bits, dtype
    )
    # Words that hold no start, only positions which blocks grow into.
    seeds = jnp.pad(seeds, [(0, 0), (0, 0), (0, words - seeds.shape[2]), (0, 0)])
    dropped = _double(seeds, block[-1], lambda x, n: x | _shift(x, n, bits))
    if bits < 8 * dtype.itemsize:
        dropped &= dtype.type(2**bits - 1)
    dropped = dropped.reshape(batch, *valid[:-1], words, channels)
    for axis, size in enumerate(block[:-1], start=1):
        dropped = jax.lax.platform_dependent(
            dropped,
            tpu=functools.partial(_grow, size=size, axis=axis, copies=8),
            default=functools.partial(_grow, size=size, axis=axis, copies=2),
        )
    return Packed(dropped, bits, spatial[-1])


def count(packed: Packed) -> jax.Array:
    """Dropped units of every example, (batch,) int32."""
    words = packed.words
    per_word = jax.lax.population_count(words)
    # Over space first, in 16 bits where a map has fewer than 2**16 units: four times as fast on
    # a CPU, which adds whole vectors of channels.
    units = math.prod(words.shape[1:-2]) * packed.length
    narrow = jnp.uint16 if units < 2**16 else jnp.int32
    per_channel = jnp.sum(per_word.astype(narrow), axis=range(1, words.ndim - 1), dtype=narrow)
    return jnp.sum(per_channel.astype(jnp.int32), axis=1)


def unpack(packed: Packed) -> jax.Array:
    """(batch, *spatial, channels) bool, True where a unit is dropped."""
    words, bits = packed.words, packed.bits
    # A new axis before the channels: the last axis stays whole, as vector units like it.
    position = jax.lax.broadcasted_iota(
        words.dtype, (*[1] * (words.ndim - 1), bits, 1), words.ndim - 1
    )
    dropped = (jnp.expand_dims(words, -2) >> position) & 1 != 0
    *outer, _, _, channels = dropped.shape
    dropped = dropped.reshape(*outer, -1, channels)
    return jax.lax.slice_in_dim(dropped, 0, packed.length, axis=dropped.ndim - 2)


def _double(
    x: jax.Array, size: int, or_shifted: Callable[[jax.Array, int], jax.Array]
) -> jax.Array:
    """Windows of 1, 2, 4, ... positions; the last shift is whatever is left of ``size``."""
    width = 1
    while width < size:
        shift = min(width, size - width)
        x = or_shifted(x, shift)
        width += shift
    return x


def _grow(words: jax.Array, size: int, axis: int, copies: int) -> jax.Array:
    """Ors every row into the ``size`` rows that start at it along ``axis``, by size - 1 longer.

    Up to ``copies`` shifted copies at a time. Eight make the paper's block of 7 one pass on a
    TPU; XLA's CPU compiler would repeat that work inside every pass that reads the words.
    """
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


def _shift(words: jax.Array, shift: int, bits: int) -> jax.Array:
    """Every position moved up by ``shift``, across words; the last word's overflow is lost.

    (batch, rows, words, channels); bits above ``bits`` of a word may be left set.
    """
    whole, rest = divmod(shift, bits)
    count = words.shape[2]
    mask = words.dtype.type(2**bits - 1)

    def later(x: jax.Array, n: int) -> jax.Array:
        return jnp.pad(x, [(0, 0), (0, 0), (n, 0), (0, 0)])[:, :, :count] if n else x

    low = later(words << rest, whole)
    if count == 1 or rest == 0:
        return low
    return low | later((words & mask) >> (bits - rest), whole + 1)
