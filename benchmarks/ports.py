"""DropBlock as it is usually written in JAX, to measure against."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp


def usual_port(key: jax.Array, x: jax.Array, rate: jax.Array, block: int) -> jax.Array:
    """DropBlock as most ports have it: uniforms everywhere, a max over 49 taps, a float mask."""
    block = min(block, *x.shape[1:3])
    uniform = jax.random.uniform(key, x.shape)
    inside = [(s - (s - block + 1)) for s in x.shape[1:3]]
    row, column = (jnp.arange(s) for s in x.shape[1:3])
    valid = [
        (p >= n // 2) & (p < s - (n - n // 2))
        for p, n, s in zip((row, column), inside, x.shape[1:3], strict=True)
    ]
    seeds = (uniform < rate) & valid[0][None, :, None, None] & valid[1][None, None, :, None]
    window = (1, block, block, 1)
    mask = 1 - jax.lax.reduce_window(
        seeds.astype(jnp.float32), 0.0, jax.lax.max, window, (1, 1, 1, 1), "SAME"
    )
    return (x * mask * (mask.size / jnp.maximum(mask.sum(), 1))).astype(x.dtype)


def plain(key: jax.Array, x: jax.Array, rate: jax.Array, block: int) -> jax.Array:
    """A uniform for every possible start, shift-doubling, a mask of bytes."""
    block_sizes = [min(block, length) for length in x.shape[1:-1]]
    valid = [length - b + 1 for length, b in zip(x.shape[1:-1], block_sizes, strict=True)]
    seeds = jax.random.uniform(key, (x.shape[0], *valid, x.shape[-1]), jnp.float32) < rate
    mask = ~_grow(seeds, block_sizes)
    scale = mask.size / jnp.maximum(mask.sum(dtype=jnp.uint32), 1).astype(jnp.float32)
    return jnp.where(mask, (x.astype(jnp.float32) * scale).astype(x.dtype), 0)


def _grow(seeds: jax.Array, block: Sequence[int]) -> jax.Array:
    """Ors every seed into the ``block`` of positions that starts at it; axes grow by block - 1."""
    for axis, size in enumerate(block, start=1):
        pad = [(0, 0)] * seeds.ndim
        pad[axis] = (size - 1, size - 1)
        seeds = jnp.pad(seeds, pad)
        # Windows of 1, 2, 4, ... positions by or-ing shifted copies; the last shift is whatever
        # is left, so a block of 7 costs 3 shifts and not 7.
        width = 1
        while width < size:
            shift = min(width, size - width)
            length = seeds.shape[axis] - shift
            seeds = jax.lax.slice_in_dim(seeds, 0, length, axis=axis) | jax.lax.slice_in_dim(
                seeds, shift, shift + length, axis=axis
            )
            width += shift
    return seeds
