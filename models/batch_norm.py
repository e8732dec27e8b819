"""Batch norm in float32, whatever the network computes in."""

from typing import Any

import jax
from flax import nnx


def batch_norm(features: int, **options: Any) -> nnx.BatchNorm:
    """An ``nnx.BatchNorm`` that rounds to its ``dtype`` once, at its end.

    By itself it rounds what it reads, statistics and parameters too, to bfloat16, normalises in
    that, and sums the gradients of scale and bias in it. That is less exact, and costs passes of
    its own: a TPU's compiler fuses the sums of float32 with the convolutions beside them. Linen's
    batch norm and the DropBlock paper's code compute as this one does.

    Args:
      features: channels.
      options: of ``nnx.BatchNorm``.
    """
    return nnx.BatchNorm(features, promote_dtype=_as_they_are, **options)


def _as_they_are(arrays: tuple[jax.Array, ...], *, dtype: Any) -> tuple[jax.Array, ...]:
    del dtype
    return arrays
