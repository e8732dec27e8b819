"""Batch norm that computes in float32, whatever dtype the network computes in.

A property of ``nnx.BatchNorm`` is worked around here, seen with flax 0.12.8 and jax 0.10.2;
``tests/models/test_batch_norm.py`` fails when it is gone. It rounds its input, statistics and
parameters to bfloat16, normalises in that, and sums the gradients of scale and bias in it. That is
less exact and costs passes over memory: a TPU's compiler fuses float32 sums with the convolutions
beside them. Linen's batch norm and the DropBlock paper's code compute as this one does.
"""

from typing import Any

from flax import nnx

from models.layers.whole import RunningStatistic


def batch_norm(features: int, **options: Any) -> nnx.BatchNorm:
    """Makes an ``nnx.BatchNorm`` that computes in float32 and rounds to its ``dtype`` once.

    Args:
      features: channels.
      options: of ``nnx.BatchNorm``.
    """
    norm = nnx.BatchNorm(features, promote_dtype=_as_they_are, **options)
    norm.mean = RunningStatistic(norm.mean.get_value())
    norm.var = RunningStatistic(norm.var.get_value())
    return norm


def check_batch_norm(momentum: float, epsilon: float) -> None:
    """Refuses constants that batch norm cannot use.

    Raises:
      ValueError: one line that begins with the argument's name.
    """
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be in [0, 1), got {momentum}.")
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0, got {epsilon}.")


def _as_they_are(arrays: Any, /, *, dtype: Any = None, **_: Any) -> Any:
    return arrays
