"""Batch norm in a bfloat16 network computes in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from models.layers.batch_norm import batch_norm
from training.state import merge, split

CHANNELS = 8


def norm(dtype):
    """With statistics and parameters that bfloat16 cannot hold."""
    layer = batch_norm(CHANNELS, momentum=0.9, epsilon=1e-5, dtype=dtype, rngs=nnx.Rngs(0))
    values = jnp.arange(CHANNELS) / 1000
    layer.mean[...], layer.var[...] = 3 + values, 0.01 + values
    layer.scale[...], layer.bias[...] = 1 + values, -1 - values
    return layer


@pytest.fixture(scope="module")
def x():
    return (3 + jax.random.normal(jax.random.key(0), (64, 8, 8, CHANNELS))).astype(jnp.bfloat16)


@pytest.mark.parametrize("train", [False, True])
def test_rounds_once(x, train):
    y = norm(jnp.bfloat16)(x, use_running_average=not train)
    wanted = norm(jnp.float32)(x, use_running_average=not train)
    assert y.dtype == jnp.bfloat16
    np.testing.assert_array_equal(y, wanted.astype(jnp.bfloat16))


def test_gradients_are_sums_in_float32(x):
    def gradients(dtype):
        graphdef, params, stats = split(norm(dtype))
        weights = jax.random.uniform(jax.random.key(1), x.shape).astype(jnp.bfloat16)

        @jax.jit
        def total(params):
            y = merge(graphdef, params, stats)(x, use_running_average=False)
            return jnp.sum(y.astype(jnp.float32) * weights)

        return jax.grad(total)(params)

    low, high = gradients(jnp.bfloat16), gradients(jnp.float32)
    # 4096 positions: sums in bfloat16 would stop growing at 256.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), low, high)
