"""Intersection over union of boxes.

A box is (top, left, bottom, right): edges in pixels, of which the first one spans 0 to 1, so that
its sides are the differences and nowhere is 1 added. Here alone the coordinates are the first axis:
arrays whose last axis is 4 are slow on TPUs.
"""

import jax
import jax.numpy as jnp


def iou(a: jax.Array, b: jax.Array) -> jax.Array:
    """Computes intersection over union, pair by pair.

    Args:
      a: (4, *shape) float32.
      b: (4, *shape) float32, or a shape that broadcasts with it.

    Returns:
      (*shape) float32; 0 where two boxes do not intersect, also where they have no area.
    """
    height = jnp.minimum(a[2], b[2]) - jnp.maximum(a[0], b[0])
    width = jnp.minimum(a[3], b[3]) - jnp.maximum(a[1], b[1])
    shared = jnp.maximum(height, 0) * jnp.maximum(width, 0)
    meet = shared > 0
    return jnp.where(meet, shared / jnp.where(meet, _area(a) + _area(b) - shared, 1), 0)


def _area(box: jax.Array) -> jax.Array:
    return (box[2] - box[0]) * (box[3] - box[1])
