"""Argument checks shared by the library: one clear sentence each, at trace time, at no run cost."""

import math
import operator
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def probability(name: str, value: ArrayLike) -> None:
    """Refuses a concrete ``value`` that is not one number in [0, 1]; a traced one passes.

    Raises:
      TypeError: ``value`` is not a real number.
      ValueError: it is not a scalar, or is outside [0, 1] (NaN included).
    """
    if isinstance(value, jax.core.Tracer):
        if value.shape != ():
            raise ValueError(f"{name} must be a scalar, got an array of shape {value.shape}.")
        return
    if jnp.ndim(value) != 0:
        raise ValueError(f"{name} must be a scalar, got an array of shape {jnp.shape(value)}.")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number in [0, 1], got {value!r}.") from None
    if math.isnan(number) or not 0.0 <= number <= 1.0:
        raise ValueError(f"{name} must be in [0, 1], got {number}.")


def feature_map(x: jax.Array) -> None:
    """Refuses anything but a floating (batch, *spatial, channels) array with 1 to 3 spatial axes.

    Raises:
      ValueError: fewer than three or more than five axes.
      TypeError: the dtype is not floating.
    """
    shape(jnp.shape(x))
    dtype = jnp.result_type(x)
    if not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(f"x must have a floating dtype, got {dtype}.")


def shape(shape: Sequence[int]) -> None:
    """Refuses a shape that is not (batch, *spatial, channels) with 1 to 3 spatial axes."""
    if not 3 <= len(shape) <= 5:
        raise ValueError(
            "x must be (batch, *spatial, channels) with one to three spatial axes, "
            f"got {len(shape)} axes: {tuple(shape)}."
        )


def block_sizes(block_size: int | Sequence[int], spatial: Sequence[int]) -> tuple[int, ...]:
    """``block_size`` as one int per spatial axis, clipped to the map (authors' code).

    Raises:
      ValueError: a size below 1, or a sequence of another length than ``spatial``.
      TypeError: a size that is not an integer (a traced one included: block_size is static).
    """
    sizes = _integers("block_size", block_size)
    if len(sizes) == 1 and not isinstance(block_size, Sequence):
        sizes = sizes * len(spatial)
    if len(sizes) != len(spatial):
        raise ValueError(
            f"block_size must be an int or one int for each of the {len(spatial)} spatial axes, "
            f"got {block_size}."
        )
    return tuple(min(size, length) for size, length in zip(sizes, spatial, strict=True))


def feat_sizes(feat_size: int | Sequence[int]) -> tuple[int, ...]:
    """``feat_size`` as a tuple of ints, each at least 1."""
    return _integers("feat_size", feat_size)


def _integers(name: str, value: int | Sequence[int]) -> tuple[int, ...]:
    try:
        if isinstance(value, Sequence):
            sizes = tuple(operator.index(size) for size in value)
        else:
            sizes = (operator.index(value),)
    except TypeError:
        raise TypeError(f"{name} must be an int or a sequence of ints, got {value!r}.") from None
    if not sizes or min(sizes) < 1:
        raise ValueError(f"{name} must be at least 1, got {value}.")
    return sizes
