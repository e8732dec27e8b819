"""dropout, spatial_dropout and drop_path."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropblock import drop_path, dropout, spatial_dropout

SHAPE = (400, 3, 5, 16)
#: function -> the axes over which one decision holds
SHARED = {dropout: (), spatial_dropout: (1, 2), drop_path: (1, 2, 3)}


@pytest.mark.statistical
@pytest.mark.parametrize("function", SHARED)
def test_rate_scale_and_shape_of_a_decision(function, key):
    y = np.asarray(function(key, jnp.ones(SHAPE), 0.7))
    assert set(np.unique(y)) <= {np.float32(0), np.float32(1 / np.float32(0.7))}
    kept = y != 0
    axes = SHARED[function]
    if axes:
        assert (kept.all(axis=axes) == kept.any(axis=axes)).all()
    decisions = kept.size / math.prod(SHAPE[axis] for axis in axes)
    assert kept.mean() == pytest.approx(0.7, abs=5 * math.sqrt(0.21 / decisions))


@pytest.mark.parametrize("function", SHARED)
def test_certain_probabilities(function, key):
    x = jax.random.normal(key, (2, 3, 4, 2))
    assert (function(key, x, 1.0) == x).all()
    value, grad = jax.value_and_grad(lambda x: function(key, x, 0.0).sum())(x)
    assert value == 0
    assert (grad == 0).all()


@pytest.mark.parametrize("function", SHARED)
def test_traced_keep_prob_and_dtype(function, key):
    x = jnp.ones((2, 3, 4, 2), jnp.bfloat16)
    y = jax.jit(function)(key, x, 0.5)
    assert y.dtype == jnp.bfloat16
    assert (y == function(key, x, 0.5)).all()


@pytest.mark.parametrize("function", SHARED)
def test_refuses(function, key):
    with pytest.raises(ValueError, match=r"keep_prob must be in \[0, 1\], got 1.2"):
        function(key, jnp.ones((2, 3, 4, 2)), 1.2)
    with pytest.raises(ValueError, match="got 2 axes"):
        function(key, jnp.ones((2, 3)), 0.9)
    with pytest.raises(TypeError, match="floating"):
        function(key, jnp.ones((2, 3, 4, 2), int), 0.9)
