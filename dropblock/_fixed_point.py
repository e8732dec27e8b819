"""Probabilities as integers, so that no backend rounds differently."""

import jax
import jax.numpy as jnp


def fixed_point(probability: jax.Array) -> jax.Array:
    """A float32 ``probability`` times 2**32, modulo 2**32: 0 stands for 0 and for 1; uint32."""
    scaled = jnp.round(probability * 2.0**32)
    return jnp.where(scaled < 2.0**32, scaled, 0).astype(jnp.uint32)


def multiply_high(a: jax.Array, b: jax.Array) -> jax.Array:
    """The upper 32 bits of the 64-bit product of two uint32, in 32-bit arithmetic."""
    a_high, a_low, b_high, b_low = a >> 16, a & 0xFFFF, b >> 16, b & 0xFFFF
    middle = a_high * b_low + (a_low * b_low >> 16)
    return a_high * b_high + (middle >> 16) + (a_low * b_high + (middle & 0xFFFF) >> 16)
