"""Convolutions of which those with a kernel of one pixel are matrix products.

The mathematics is the same. XLA's CPU compiler computes products faster: ``docs/operation.md`` has
the figures.
"""

from collections.abc import Sequence
from typing import Any

import jax
from flax import nnx


def convolution(
    in_features: int, out_features: int, kernel: Sequence[int], *args: Any, **options: Any
) -> nnx.Conv:
    """Makes an ``nnx.Conv``.

    Args:
      in_features: channels of the input.
      out_features: channels of the result.
      kernel: its height and width.
      args: strides, as of ``nnx.Conv``.
      options: of ``nnx.Conv``.
    """
    if tuple(kernel) == (1, 1):
        options["conv_general_dilated"] = _product
    return nnx.Conv(in_features, out_features, kernel, *args, **options)


def _product(
    x: jax.Array,
    kernel: jax.Array,
    strides: Sequence[int],
    padding: Any,
    *,
    precision: Any,
    **_: Any,
) -> jax.Array:
    """Computes as ``lax.conv_general_dilated`` for a kernel (1, 1, channels in, channels out)."""
    rows, columns = strides
    pixels = x[:, ::rows, ::columns]
    return jax.lax.dot_general(pixels, kernel[0, 0], (((3,), (0,)), ((), ())), precision=precision)
