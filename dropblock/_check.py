"""Checks of arguments: one clear sentence each, while tracing, at no cost when the program runs.

Each returns the argument in the one form in which the rest of the library uses it.
"""

import math
import numbers
import operator
from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

Normalize = Literal["batch", "example"] | None


def key(rng: Any) -> jax.Array:
    """``rng`` as a typed key; the raw uint32 data of an old-style key is wrapped.

    Raises:
      TypeError: it is not one key.
    """
    try:
        typed = jnp.issubdtype(rng.dtype, jax.dtypes.prng_key)
        wrapped: jax.Array = rng if typed else jax.random.wrap_key_data(rng)
    except (AttributeError, TypeError, ValueError):
        raise TypeError(f"rng must be a jax.random.key, got {_short(rng)}.") from None
    if wrapped.shape != ():
        raise TypeError(
            f"rng must be one jax.random.key, got an array of keys of shape {wrapped.shape}."
        )
    return wrapped


def probability(name: str, value: ArrayLike) -> float | jax.Array:
    """``value`` as a float, or as an array of 32 bits or more if it is a JAX array.

    The range of a traced value cannot be checked.

    Raises:
      TypeError: ``value`` is not a real number (a bool is none).
      ValueError: it is not a scalar, or is concrete and outside [0, 1] (NaN included).
    """
    if hasattr(value, "__jax_array__"):  # flax.nnx.Variable
        value = jnp.asarray(value)
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        real = any(jnp.issubdtype(value.dtype, kind) for kind in (jnp.integer, jnp.floating))
    else:
        real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real:
        raise TypeError(f"{name} must be a number in [0, 1], got {_short(value)}.")
    if np.shape(value) != ():
        raise ValueError(f"{name} must be a scalar, got an array of shape {np.shape(value)}.")
    if not isinstance(value, jax.core.Tracer):
        number = float(value)  # type: ignore[arg-type]
        if math.isnan(number) or not 0.0 <= number <= 1.0:
            raise ValueError(f"{name} must be in [0, 1], got {number}.")
        if not isinstance(value, jax.Array):
            return number
    return value.astype(wide(value.dtype))


def wide(dtype: Any) -> Any:
    """The dtype to compute in for values of ``dtype``: float32, or float64 for float64."""
    return dtype if dtype == jnp.float64 else jnp.float32


def feature_map(x: ArrayLike, *, least_axes: int = 3) -> jax.Array:
    """``x`` as a floating array (batch, *spatial, channels) with one to three spatial axes.

    Raises:
      ValueError: fewer than ``least_axes`` or more than five axes.
      TypeError: the dtype is not floating, or has no zero.
    """
    try:
        array = jnp.asarray(x)
    except (TypeError, ValueError):
        raise TypeError(f"x must be an array of a floating dtype, got {_short(x)}.") from None
    _axes("x", array.shape, least_axes)
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(f"x must have a floating dtype, got {array.dtype}.")
    if np.zeros((), array.dtype).astype(np.float32) != 0:
        raise TypeError(f"x must have a dtype that can hold zero, got {array.dtype}.")
    return array


def shape(value: Sequence[int], *, least_axes: int = 3) -> tuple[int, ...]:
    """``value`` as a tuple: ints from 0 upwards; the batch may be symbolic, as in jax.export.

    Raises:
      ValueError: a wrong number of axes, a negative size, or a symbolic size after the batch.
      TypeError: not a sequence of ints.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"shape must be a sequence of ints, got {_short(value)}.")
    _axes("shape", value, least_axes)
    if any(jax.export.is_symbolic_dim(size) for size in value[1:]):
        raise ValueError(f"Only the first axis, the batch, may be symbolic, got {tuple(value)}.")
    first = value[:1] if jax.export.is_symbolic_dim(value[0]) else ()
    rest = _integers("shape", value[len(first) :], "a sequence of ints", least=0)
    return (*first, *rest)


def block_sizes(block_size: int | Sequence[int], spatial: Sequence[int]) -> tuple[int, ...]:
    """``block_size`` as one int per spatial axis, clipped to the map (as in the authors' code).

    Raises:
      ValueError: a size below 1, or a sequence of another length than ``spatial``.
      TypeError: a size that is not an integer (a traced one included: block_size is static).
    """
    sizes = block_size_of_layer(block_size)
    if isinstance(sizes, int):
        sizes = (sizes,) * len(spatial)
    if len(sizes) != len(spatial):
        raise ValueError(
            f"block_size must be an int or one int for each of the {len(spatial)} spatial axes, "
            f"got {block_size}."
        )
    return tuple(max(min(size, length), 1) for size, length in zip(sizes, spatial, strict=True))


def block_size_of_layer(block_size: int | Sequence[int]) -> int | tuple[int, ...]:
    """``block_size`` as an int or a tuple of ints, before the map is known."""
    if isinstance(block_size, Sequence):
        return _integers("block_size", block_size)
    return _integers("block_size", (block_size,))[0]


def feat_sizes(feat_size: int | Sequence[int]) -> tuple[int, ...]:
    """``feat_size`` as a tuple of ints from 0 upwards."""
    sequence = feat_size if isinstance(feat_size, Sequence) else (feat_size,)
    return _integers("feat_size", sequence, least=0)


def row(shape: Sequence[int]) -> None:
    """Refuses a mask whose last spatial axis times channels the sampler's int32 cannot number.

    Raises:
      ValueError: it is 2**30 or more.
    """
    if shape[-2] * shape[-1] >= 2**30:
        raise ValueError(
            "The last spatial axis times the channels must be below 2**30, "
            f"got {shape[-2]} * {shape[-1]}."
        )


def axes(name: str, value: Sequence[int], ndim: int) -> frozenset[int]:
    """``value`` as a set of axes of an array with ``ndim`` axes, each from 0 upwards.

    Raises:
      ValueError: there is no such axis.
      TypeError: not a sequence of ints.
    """
    if not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a sequence of ints, got {_short(value)}.")
    found = _integers(name, value, "a sequence of ints", least=-ndim) if value else ()
    if any(axis >= ndim for axis in found):
        raise ValueError(f"{name} must be axes of an array with {ndim} axes, got {tuple(value)}.")
    return frozenset(axis % ndim for axis in found)


def normalize(value: Normalize) -> None:
    """Refuses a ``normalize`` that does not exist.

    Raises:
      ValueError: it is not "batch", "example" or None.
    """
    if not (value is None or (isinstance(value, str) and value in ("batch", "example"))):
        raise ValueError(f"normalize must be 'batch', 'example' or None, got {value!r}.")


def integer(name: str, value: int) -> int:
    """``value`` as an int.

    Raises:
      ValueError: it is below 1.
      TypeError: it is not an integer, or is traced.
    """
    return _integers(name, (value,), "an int")[0]


def _integers(
    name: str,
    values: Sequence[int],
    expected: str = "an int or a sequence of ints",
    *,
    least: int = 1,
) -> tuple[int, ...]:
    try:
        if any(isinstance(value, bool) for value in values):
            raise TypeError
        sizes = tuple(operator.index(value) for value in values)
    except TypeError:
        got = ", ".join(map(_short, values))
        raise TypeError(f"{name} must be {expected}, got {got}.") from None
    if not sizes or min(sizes) < least:
        got = ", ".join(map(str, values)) or "none"
        raise ValueError(f"{name} must be at least {least}, got {got}.")
    return sizes


def _axes(name: str, value: Sequence[int], least: int) -> None:
    if not least <= len(value) <= 5:
        raise ValueError(
            f"{name} must be (batch, *spatial, channels) with one to three spatial axes, "
            f"got {len(value)} axes: {tuple(value)}."
        )


def _short(value: Any) -> str:
    """What an error message shows of a value: never a page."""
    if isinstance(value, jax.Array | np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
