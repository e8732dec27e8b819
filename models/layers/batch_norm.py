"""Batch norm that computes in float32, whatever dtype the network computes in."""

from typing import Any

import jax
from flax import nnx


def batch_norm(features: int, **options: Any) -> nnx.BatchNorm:
    """Makes an ``nnx.BatchNorm`` that computes in float32 and rounds to its ``dtype`` once.

    ``nnx.BatchNorm`` by itself rounds its input, statistics and parameters to bfloat16 first,
    normalises in that, and sums the gradients of scale and bias in it. That is less exact and
    costs passes over memory: a TPU's compiler fuses float32 sums with the convolutions beside
    them. Linen's batch norm and the DropBlock paper's code compute as this one does.

    Args:
      features: channels.
      options: of ``nnx.BatchNorm``.
    """
    return nnx.BatchNorm(features, promote_dtype=_as_they_are, **options)


def check_batch_norm(momentum: float, epsilon: float) -> None:
    """Refuses constants that batch norm cannot use.

    Raises:
      ValueError: one line that begins with the argument's name.
    """
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be in [0, 1), got {momentum}.")
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0, got {epsilon}.")


def _as_they_are(arrays: tuple[jax.Array, ...], *, dtype: Any) -> tuple[jax.Array, ...]:
    del dtype
    return arrays
