"""Masks of one bit a unit: positions of the last spatial axis are the bits of unsigned words.

Growing is shifts and ors, counting is a population count, and the bits are unpacked inside the
very pass that multiplies the activations.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from dropblock import _seeds


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["words"], meta_fields=["bits", "length"]
)
@dataclasses.dataclass(frozen=True)
class Packed:
    """A set of dropped units of a (batch, *spatial, channels) array.

    Attributes:
      words: (batch, words, *spatial[:-1], channels), unsigned. The words of a row are not beside
        each other, as a TPU's registers want eight or more of the last axis but one.
      bits: positions in a word.
      length: positions along the last spatial axis.
    """

    words: jax.Array
    bits: int
    length: int

    @property
    def shape(self) -> tuple[int, ...]:
        """(batch, *spatial, channels)."""
        batch, _, *outer, channels = self.words.shape
        return (batch, *outer, self.length, channels)


def layout(length: int) -> tuple[int, int, jnp.dtype]:
    """Words, bits in each and dtype that hold ``length`` positions: as even as possible."""
    words = max(-(-length // 32), 1)
    bits = max(-(-length // words), 1)
    return words, bits, jnp.dtype(f"uint{8 if bits <= 8 else 16 if bits <= 16 else 32}")


# Jitted by itself, JAX traces it once for all sites of a shape; XLA inlines it.
@functools.partial(jax.jit, static_argnums=(2, 3))
def sample(
    key: jax.Array,
    gamma: jax.Array,
    shape: tuple[int, ...],
    block: tuple[int, ...],
) -> Packed:
    """The dropped units of Algorithm 1, of length 1 along axes on which a block covers the map.

    Args:
      key: a typed key.
      gamma: float32 scalar.
      shape: (batch, *spatial, channels) of the mask.
      block: one size per spatial axis, each at most its length (1 on an empty axis).
    """
    batch, *whole, channels = shape
    spatial = [1 if size == length else length for length, size in zip(whole, block, strict=True)]
    block = tuple(min(size, length) for size, length in zip(block, spatial, strict=True))
    words, bits, dtype = layout(spatial[-1])
    if 0 in shape:
        return Packed(jnp.zeros((batch, words, *spatial[:-1], channels), dtype), bits, spatial[-1])
    valid = [length - size + 1 for length, size in zip(spatial, block, strict=True)]
    seeds = _seeds.seed_words(
        key, gamma, (batch, math.prod(valid[:-1]), valid[-1], channels), bits, dtype
    )
    # Words that hold no start, only positions which blocks grow into.
    seeds = jnp.pad(seeds, [(0, 0), (0, words - seeds.shape[1]), (0, 0), (0, 0)])
    dropped = _double(seeds, block[-1], lambda x, n: x | _shift(x, n, bits))
    if bits < 8 * dtype.itemsize:
        dropped &= dtype.type(2**bits - 1)
    dropped = dropped.reshape(batch, words, *valid[:-1], channels)
    for axis, size in enumerate(block[:-1], start=2):
        if size > 1:
            dropped = _grow(dropped, size, axis)
    return Packed(dropped, bits, spatial[-1])


def pack(dropped: jax.Array) -> Packed:
    """The inverse of :func:`unpack`."""
    *outer, length, channels = dropped.shape
    words, bits, dtype = layout(length)
    fill = [(0, 0)] * len(outer) + [(0, words * bits - length), (0, 0)]
    positions = jnp.pad(dropped, fill).reshape(*outer, words, bits, channels).astype(dtype)
    shift = jax.lax.broadcasted_iota(dtype, (*[1] * (len(outer) + 1), bits, 1), len(outer) + 1)
    packed = jnp.sum(positions << shift, axis=-2, dtype=dtype)
    return Packed(jnp.moveaxis(packed, -2, 1), bits, length)


def unpack(packed: Packed) -> jax.Array:
    """(batch, *spatial, channels) bool, True where a unit is dropped."""
    # A new axis before the channels: the last axis stays whole, as vector units like it. Which word
    # a position is in is selected, as a reshape of words and bits would be a pass of its own.
    words = jnp.expand_dims(packed.words, -2)
    ones = [1] * (words.ndim - 4)
    position = jax.lax.broadcasted_iota(words.dtype, (1, *ones, packed.length, 1), len(ones) + 1)
    word = words[:, 0]
    for number in range(1, words.shape[1]):
        word = jnp.where(position >= number * packed.bits, words[:, number], word)
    dropped: jax.Array = word >> position % packed.bits & 1 != 0
    return dropped


def count(packed: Packed) -> jax.Array:
    """Dropped units of every example, (batch,), of :func:`count_dtype`."""
    words = packed.words
    per_word = jax.lax.population_count(words)
    # Over space first, in 16 bits where a map has fewer than 2**16 units: four times as fast on
    # a CPU, which adds whole vectors of channels.
    _, *spatial, channels = packed.shape
    units = math.prod(spatial)
    narrow = jnp.uint16 if units < 2**16 else count_dtype(units)
    per_channel = jnp.sum(per_word.astype(narrow), axis=range(1, words.ndim - 1), dtype=narrow)
    wide = count_dtype(units * channels)
    return jnp.sum(per_channel.astype(wide), axis=1, dtype=wide)


def count_dtype(units: int) -> Any:
    """What counts ``units``: exact integers, hence the same on every mesh, below 2**32."""
    return jnp.uint32 if units < 2**32 else jnp.float32


def _grow(words: jax.Array, size: int, axis: int) -> jax.Array:
    """Ors every row into the ``size`` rows that start at it along ``axis``, by size - 1 longer."""
    window = [size if a == axis else 1 for a in range(words.ndim)]
    padding = [(size - 1, size - 1) if a == axis else (0, 0) for a in range(words.ndim)]
    out: jax.Array = jax.lax.reduce_window(
        words, words.dtype.type(0), jax.lax.bitwise_or, window, (1,) * words.ndim, padding
    )
    return out


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


def _shift(words: jax.Array, shift: int, bits: int) -> jax.Array:
    """Every position moved up by ``shift``, across words; the last word's overflow is lost.

    (batch, words, rows, channels); bits above ``bits`` of a word may be left set.
    """
    whole, rest = divmod(shift, bits)
    count = words.shape[1]
    mask = words.dtype.type(2**bits - 1)

    def later(x: jax.Array, n: int) -> jax.Array:
        return jnp.pad(x, [(0, 0), (n, 0), (0, 0), (0, 0)])[:, :count] if n else x

    low = later(words << rest, whole)
    if count == 1 or rest == 0:
        return low
    return low | later((words & mask) >> (bits - rest), whole + 1)
