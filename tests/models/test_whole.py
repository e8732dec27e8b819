"""Variables that are replaced without asking for a sharding, which a traced array has not."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx
from jax.interpreters.partial_eval import DynamicJaxprTracer

from models.layers.whole import param_rngs


class Asked(Exception):
    """The sharding of an array without one was asked for."""


def test_keys_are_drawn_without_asking_and_are_those_of_flax(key, monkeypatch):
    """When flax's own passes, :func:`param_rngs` may go."""

    def draw(make):
        rngs = make()
        return [jax.random.key_data(rngs.params()) for _ in range(3)]

    drawn = draw(lambda: param_rngs(key))
    assert jnp.array_equal(jnp.stack(drawn), jnp.stack(draw(lambda: nnx.Rngs(params=key))))

    def ask(tracer):
        raise Asked

    monkeypatch.setattr(DynamicJaxprTracer, "_origin_msg", ask)
    jax.eval_shape(lambda: draw(lambda: param_rngs(jax.random.key(0))))
    with pytest.raises(Asked):
        jax.eval_shape(lambda: draw(lambda: nnx.Rngs(params=jax.random.key(0))))
