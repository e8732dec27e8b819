"""The moving average of the parameters."""

import jax
import jax.numpy as jnp
import optax


def update_average(decay: float, average: dict, params: dict, step: jax.Array) -> dict:
    """Updates the moving average of the parameters by one step.

    The decay begins small, so that the average soon forgets the initial parameters:
    ``min(decay, (1 + n) / (10 + n))`` after n steps.

    Args:
      decay: in [0, 1).
      average: before the step.
      params: after it.
      step: how many steps were taken before it.

    Source: TensorFlow's ExponentialMovingAverage with ``num_updates``, which AmoebaNet's code uses.
    """
    n = jnp.asarray(step + 1, jnp.float32)
    return optax.incremental_update(params, average, 1 - jnp.minimum(decay, (1 + n) / (10 + n)))
