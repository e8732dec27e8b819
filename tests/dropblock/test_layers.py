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


@pytest.mark.parametrize("layer", [NnxDropBlock, LinenDropBlock])
@pytest.mark.parametrize("good", [3, np.int64(3), jnp.int32(3), (3, 3), [3, np.int32(3)]], ids=repr)
def test_block_sizes_that_are_integers(layer, good, key):
    made = layer(good, deterministic=True)
    assert made.block_size in (3, (3, 3))
    if layer is NnxDropBlock:
        expected = dropblock(key, X, EXPECTED_GAMMA, 3)
        assert (made(X, 0.7, deterministic=False, rngs=key) == expected).all()


@pytest.mark.parametrize("layer", [NnxDropBlock, LinenDropBlock])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"block_size": 3.0}, TypeError, "block_size must be an int"),
        ({"block_size": "3"}, TypeError, "block_size must be an int"),
        ({"block_size": None}, TypeError, "block_size must be an int"),
        ({"block_size": True}, TypeError, "block_size must be an int"),
        ({"block_size": (3, 3.0)}, TypeError, "block_size must be an int"),
        ({"block_size": 0}, ValueError, "block_size must be at least 1, got 0"),
        ({"block_size": (3, -1)}, ValueError, "block_size must be at least 1"),
        ({"block_size": ()}, ValueError, "block_size must be at least 1, got none"),
        ({"block_size": 3, "normalize": "btach"}, ValueError, "normalize must be"),
    ],
)
def test_constructors_refuse(layer, arguments, error, message):
    with pytest.raises(error, match=message):
        layer(**arguments)


@pytest.mark.parametrize("rngs", [jax.random.key(0), 0, "dropblock"], ids=str)
def test_nnx_constructor_refuses_what_is_no_stream(rngs):
    with pytest.raises(TypeError, match=r"rngs must be an nnx.Rngs, an nnx.RngStream or None"):
        NnxDropBlock(3, rngs=rngs)


def test_layers_say_what_is_wrong_with_x(key):
    for bad, error, message in (
        (jnp.ones((4, 4)), ValueError, "got 2 axes"),
        (jnp.ones((4, 4, 4), int), TypeError, "floating dtype"),
    ):
        with pytest.raises(error, match=message):
            NnxDropBlock(3)(bad, 0.7, rngs=key)
        with pytest.raises(error, match=message):
            LinenDropBlock(3, deterministic=False).apply({}, bad, 0.7, rngs={"dropblock": key})


def test_nnx_needs_deterministic(key):
    with pytest.raises(ValueError, match="needs `deterministic`"):
        NnxDropBlock(3, deterministic=None)(X, 0.7, rngs=key)
