"""The moving average's update alone."""

import jax.numpy as jnp
import pytest

from training.recipe.average import update_average


def test_it_begins_with_a_small_decay():
    average, expected = {"w": jnp.zeros(())}, 0.0
    for step in range(200):
        decay = min(0.9, (2 + step) / (11 + step))
        expected = decay * expected + (1 - decay) * (step + 1)
        average = update_average(0.9, average, {"w": jnp.float32(step + 1)}, jnp.int32(step))
    assert float(average["w"]) == pytest.approx(expected, rel=1e-5)
    assert float(average["w"]) == pytest.approx(200 - 9, abs=0.01)
