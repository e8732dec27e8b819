"""Where XLA's CPU compiler must be kept from computing the same thing again and again."""

import jax
import jax.numpy as jnp


def materialise(x: jax.Array, variance: jax.Array) -> jax.Array:
    """``x``, written to memory once on a CPU; nothing at all on other backends.

    XLA:CPU fuses a residual block's sum into every pass that reads it, together with the sums
    of all blocks before it, forward and backward: a fifth of ResNet-50's training step. It
    removes ``lax.optimization_barrier`` before it fuses, but does not look into a branch.

    Args:
      x: any array.
      variance: (features,), never negative, which the compiler cannot know; the same on every
        device, so that the branch needs no communication.
    """

    def branch(x: jax.Array, always: jax.Array) -> jax.Array:
        return jax.lax.cond(always, lambda x: x, jnp.zeros_like, x)

    # True for NaN too.
    always = ~(variance[0] < 0)
    return jax.lax.platform_dependent(x, always, cpu=branch, default=lambda x, always: x)
