"""A hint to the compiler that changes no value."""

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


def test_the_compiler_does_not_look_through_it():
    """Else it would be dead weight: fusions end at the branch."""
    x, variance = jnp.ones((4, 4)), jnp.ones(2)
    program = jax.jit(lambda x, v: materialise(x + 1, v) * 2).lower(x, variance).compile()
    assert "conditional(" in program.as_text()


def test_without_it_the_compiler_still_computes_sums_again():
    """When this fails, models/layers/materialise.py may go: so says what a gradient reads."""

    def bytes_accessed(keep):
        def loss(x, kernels, variance):
            for kernel in kernels:
                y = jax.lax.conv_general_dilated(
                    x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
                )
                x = keep(jax.nn.relu(x + jnp.tanh(y)), variance)
            return (x * x).sum()

        x, kernel = jnp.ones((4, 16, 16, 8)), jnp.ones((3, 3, 8, 8))
        lowered = jax.jit(jax.grad(loss, argnums=1)).lower(x, [kernel] * 8, jnp.ones(8))
        return lowered.compile().cost_analysis()["bytes accessed"]

    assert bytes_accessed(materialise) < 0.95 * bytes_accessed(lambda x, variance: x)
