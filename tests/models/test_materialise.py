"""A workaround for the compiler that changes no value, and what says when it may go."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from models.layers.materialise import materialise


@pytest.mark.parametrize("variance", [0.0, 1.0, np.inf, np.nan])
def test_is_the_identity(variance):
    x = jnp.array([[1.0, -2.0, np.nan, np.inf]])
    variance = jnp.full(3, variance)
    for apply in (materialise, jax.jit(materialise)):
        np.testing.assert_array_equal(apply(x, variance), x)
    tangent = jax.grad(lambda x: (materialise(x, variance) * jnp.arange(4.0)[None]).sum())(x)
    np.testing.assert_array_equal(tangent, [[0, 1, 2, 3]])
    mapped = jax.vmap(materialise)(x[None], variance[None])
    np.testing.assert_array_equal(mapped[0], x)


def maxima(apply, blocks):
    """How often the gradient of a chain of residual blocks computes the maximum of a ReLU."""

    def loss(kernels, x):
        for kernel in kernels:
            x = apply(jax.nn.relu(x + jnp.einsum("bsi,io->bso", x, kernel)), x[0, 0])
        return (x**2).mean()

    arrays = [jnp.ones((4, 4))] * blocks, jnp.ones((2, 8, 4))
    return jax.jit(jax.grad(loss)).lower(*arrays).compile().as_text().count(" maximum(")


def test_without_it_the_compiler_repeats_every_sum():
    """When this fails, XLA has stopped doing so: look whether ``materialise`` may go."""
    assert maxima(lambda x, variance: x, 8) > 4 * 8
    assert maxima(materialise, 8) == 8
