"""Batch norm in a bfloat16 network computes in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.interpreters.partial_eval import DynamicJaxprTracer

from models.layers.batch_norm import batch_norm
from training.state import merge, split

CHANNELS = 8


def norm(dtype, make=batch_norm):
    """With statistics and parameters that bfloat16 cannot hold."""
    layer = make(CHANNELS, momentum=0.9, epsilon=1e-5, dtype=dtype, rngs=nnx.Rngs(0))
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


def test_flax_rounds_more_than_once(x):
    """When this fails, flax computes in float32 by itself: ``promote_dtype`` may go."""
    low, high = (
        norm(dtype, nnx.BatchNorm)(x, use_running_average=False)
        for dtype in (jnp.bfloat16, jnp.float32)
    )
    assert (low != high.astype(jnp.bfloat16)).any()


class Asked(Exception):
    """The sharding of an array without one was asked for."""


def test_statistics_are_set_without_asking_for_their_sharding(monkeypatch):
    """When flax's own passes, :class:`models.layers.whole.RunningStatistic` may go."""

    def ask(tracer):
        raise Asked

    def trace(layer):
        graphdef, params, stats = split(layer)

        def forward(params, stats, x):
            layer = merge(graphdef, params, stats)
            return layer(x, use_running_average=False), split(layer)[2]

        return jax.eval_shape(forward, params, stats, jnp.ones((2, 3, CHANNELS)))

    monkeypatch.setattr(DynamicJaxprTracer, "_origin_msg", ask)
    assert jax.tree.leaves(trace(norm(jnp.float32))[1])
    with pytest.raises(Asked):
        trace(nnx.BatchNorm(CHANNELS, rngs=nnx.Rngs(0)))
