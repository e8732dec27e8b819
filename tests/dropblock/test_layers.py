"""The Flax layers: thin, and as Flax's own Dropout."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dropblock import dropblock, gamma
from dropblock.linen import DropBlock as LinenDropBlock
from dropblock.nnx import DropBlock as NnxDropBlock

X = jnp.ones((4, 6, 5, 3))
EXPECTED_GAMMA = gamma(0.7, (6, 5), 3)


def test_nnx_is_the_function(key):
    layer = NnxDropBlock(3)
    y = layer(X, 0.7, rngs=key)
    assert (y == dropblock(key, X, EXPECTED_GAMMA, 3)).all()


def test_nnx_modes_and_stream():
    class Net(nnx.Module):
        def __init__(self, rngs):
            self.drop = NnxDropBlock(3, rngs=rngs)

        def __call__(self, x):
            return self.drop(x, keep_prob=0.7)

    net = Net(nnx.Rngs(dropblock=0))
    first, second = net(X), net(X)
    assert not (first == second).all()
    net.eval()
    assert (net(X) == X).all()
    net.train()
    assert not (net(X) == X).all()
    again = Net(nnx.Rngs(dropblock=0))
    assert (again(X) == first).all()


def test_nnx_call_overrides_and_errors(key):
    layer = NnxDropBlock(3)
    assert (layer(X, 0.7, deterministic=True) == X).all()
    with pytest.raises(ValueError, match="needs `rngs`"):
        layer(X, 0.7)


def test_nnx_under_jit_with_traced_keep_prob():
    layer = NnxDropBlock(3, rngs=nnx.Rngs(dropblock=1))
    traces = 0

    @nnx.jit
    def apply(layer, x, keep_prob):
        nonlocal traces
        traces += 1
        return layer(x, keep_prob)

    outputs = [np.asarray(apply(layer, X, jnp.float32(p))) for p in (0.9, 0.8, 0.7)]
    assert traces == 1
    assert not (outputs[0] == outputs[2]).all()


def test_linen_is_the_function_and_off_when_deterministic(key):
    layer = LinenDropBlock(3)
    assert (layer.apply({}, X, 0.7, deterministic=True) == X).all()
    y = layer.apply({}, X, 0.7, deterministic=False, rngs={"dropblock": key})
    assert not (y == X).all()
    assert float(y.mean()) == pytest.approx(1, abs=1e-5)
    again = layer.apply({}, X, 0.7, deterministic=False, rngs={"dropblock": key})
    assert (y == again).all()


def test_linen_serialises_nothing(key):
    layer = LinenDropBlock(3, deterministic=False)
    variables = layer.init({"dropblock": key}, X, 0.9)
    assert jax.tree.leaves(variables) == []
