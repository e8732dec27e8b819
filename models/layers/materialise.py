"""A workaround: XLA's CPU compiler computes the same sums again and again.

It fuses a residual block's sum into every pass that reads it, together with the sums of all blocks
before it, forward and backward: a fifth of ResNet-50's training step. It removes
``lax.optimization_barrier`` before it fuses, but does not look into a branch. Seen with jaxlib
0.10.2.
``tests/models/test_materialise.py`` counts what a program reads with and without it, and fails when
it is no longer needed.
"""

import jax
import jax.numpy as jnp


def materialise(x: jax.Array, variance: jax.Array) -> jax.Array:
    """Returns ``x``, written to memory once on a CPU; does nothing on other backends.

    Args:
      x: any array.
      variance: (features,), never negative, which the compiler cannot know; the same on every
        device, so that the branch needs no communication.
    """

    def branch(x: jax.Array, always: jax.Array) -> jax.Array:
        kept: jax.Array = jax.lax.cond(always, lambda x: x, jnp.zeros_like, x)
        return kept

    # True for NaN too.
    always = ~(variance[0] < 0)
    out: jax.Array = jax.lax.platform_dependent(x, always, cpu=branch, default=lambda x, always: x)
    return out
