"""Convolutions, against Flax's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from models.layers.convolution import convolution


@pytest.mark.parametrize("strides", [1, 2, (2, 1)])
@pytest.mark.parametrize("padding", ["SAME", "VALID", [(0, 0), (0, 0)]])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3)])
def test_results_and_gradients_are_those_of_flax(kernel, padding, strides):
    x = jax.random.normal(jax.random.key(0), (2, 7, 8, 5))
    options = {"padding": padding, "bias_init": nnx.initializers.ones}
    ours = convolution(5, 3, kernel, strides, rngs=nnx.Rngs(0), **options)
    flax = nnx.Conv(5, 3, kernel, strides, rngs=nnx.Rngs(0), **options)

    def results(layer):
        graph, params = nnx.split(layer)
        y, back = jax.vjp(lambda params, x: nnx.merge(graph, params)(x), params, x)
        return jax.tree.leaves((y, back(jnp.cos(y))))

    for own, theirs in zip(results(ours), results(flax), strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-5, atol=1e-5)


def test_a_kernel_of_one_pixel_is_a_matrix_product():
    def program(kernel):
        layer = convolution(5, 3, kernel, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
        return str(jax.make_jaxpr(layer)(jnp.ones((2, 7, 8, 5))))

    assert "conv_general_dilated" not in program((1, 1))
    assert "conv_general_dilated" in program((1, 3))
