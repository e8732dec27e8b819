"""Resizing of maps: pixels doubled, or bilinear with aligned corners.

With aligned corners, the first and last pixels keep their places. ``jax.image.resize`` aligns the
outer edges of the pixels instead. The paper's code for segmentation aligns corners (TensorFlow's
``align_corners=True``), with sides such as 513 = 8 * 64 + 1, 65 and 33, so that every pixel of a
small map lies on one of the large map.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def double(x: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Repeats every pixel twice each way.

    Args:
      x: (batch, height, width, channels).
      shape: of the results, at most twice ``x``'s; what is beyond it at the bottom and at the right
        is left out.

    Returns:
      (batch, *shape, channels) of ``x``'s dtype.
    """
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)[:, : shape[0], : shape[1]]


def resize_aligned(x: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Resizes maps bilinearly with aligned corners.

    Args:
      x: (batch, height, width, channels), any floating dtype.
      shape: the new height and width.

    Returns:
      (batch, *shape, channels) of ``x``'s dtype, computed in float32.
    """
    if x.shape[1:3] == shape:
        return x
    rows, columns = (
        interpolation(new, old, (old - 1) / max(new - 1, 1))
        for new, old in zip(shape, x.shape[1:3], strict=True)
    )
    return interpolate(x, rows, columns).astype(x.dtype)


def interpolation(new: int, old: int, step: ArrayLike, first: ArrayLike = 0.0) -> jax.Array:
    """Makes the matrix that interpolates linearly at first, first + step, first + 2 * step, ...

    Args:
      new: number of results.
      old: number of values; beyond them their first and last ones continue.
      step: distance of the results, in values; may be traced.
      first: place of the first result; may be traced.

    Returns:
      (new, old) float32.
    """
    place = jnp.clip(first + jnp.arange(new, dtype=jnp.float32) * step, 0, old - 1)
    distance = jnp.abs(place[:, None] - jnp.arange(old, dtype=jnp.float32)[None, :])
    return jnp.maximum(1 - distance, 0)


def interpolate(x: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
    """Applies matrices to the rows and columns of maps.

    Args:
      x: (batch, height, width, channels).
      rows: (new height, height), or (batch, new height, height).
      columns: (new width, width), or (batch, new width, width).

    Returns:
      (batch, new height, new width, channels) float32.
    """
    r = "bip" if rows.ndim == 3 else "ip"
    c = "bjq" if columns.ndim == 3 else "jq"
    x = jnp.einsum(f"{r},bpqc->biqc", rows, x.astype(jnp.float32), precision="highest")
    return jnp.einsum(f"{c},biqc->bijc", columns, x, precision="highest")
