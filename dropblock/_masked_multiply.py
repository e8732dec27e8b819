"""A multiplication under a mask that stays as quick as one without."""

import jax


def multiply(x: jax.Array, scale: jax.Array) -> jax.Array:
    """``x * scale``, whose result is then masked; ``scale`` is finite and not 0.

    The second factor is 1. Without it LLVM multiplies under the mask straight from memory, at
    which AVX-512 on AMD is slow: DropBlock's forward pass takes 1.7 instead of 1.1 times one pass
    over x. Seen with jaxlib 0.10.2 on an AMD EPYC. It may go when ``python
    benchmarks/workarounds.py`` shows the same time with and without it there.
    """
    return x * scale * (scale / scale)
