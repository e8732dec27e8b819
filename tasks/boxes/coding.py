"""Boxes as a network gives them: relative to anchors.

A code is (vertical offset, horizontal offset, log height, log width) of a box: offsets of its
centre in sides of the anchor, and the logarithms of its sides by the anchor's. No variances, as in
the DropBlock paper's code, which decodes with 1 added to the sides that it encoded without; we do
not.
"""

import math

import jax
import jax.numpy as jnp

#: The largest logarithm of a side that is decoded, so that an untrained network's boxes are finite.
MAX_LOG_SIDE = math.log(1000 / 16)
#: The smallest side that is encoded; it keeps codes finite.
MIN_SIDE = 1e-8


def encode(boxes: jax.Array, anchors: jax.Array) -> jax.Array:
    """Computes codes of boxes; finite also for boxes without area.

    Args:
      boxes: (..., 4) float32.
      anchors: (..., 4) float32, of sides above 0.

    Returns:
      (..., 4) float32.
    """
    centre, side = _centre_and_side(boxes)
    anchor_centre, anchor_side = _centre_and_side(anchors)
    offset = (centre - anchor_centre) / anchor_side
    return jnp.concatenate([offset, jnp.log(jnp.maximum(side, MIN_SIDE) / anchor_side)], axis=-1)


def decode(codes: jax.Array, anchors: jax.Array) -> jax.Array:
    """Computes the boxes that codes stand for.

    Args:
      codes: (..., 4), any floating dtype.
      anchors: (..., 4) float32.

    Returns:
      (..., 4) float32, not clipped to the image.
    """
    codes = codes.astype(jnp.float32)
    anchor_centre, anchor_side = _centre_and_side(anchors)
    centre = codes[..., :2] * anchor_side + anchor_centre
    half = 0.5 * jnp.exp(jnp.minimum(codes[..., 2:], MAX_LOG_SIDE)) * anchor_side
    return jnp.concatenate([centre - half, centre + half], axis=-1)


def _centre_and_side(boxes: jax.Array) -> tuple[jax.Array, jax.Array]:
    first, last = boxes[..., :2], boxes[..., 2:]
    return 0.5 * (first + last), last - first
