"""Gathering boxes."""

import jax
import jax.numpy as jnp


def take_rows(boxes: jax.Array, index: jax.Array) -> jax.Array:
    """Returns ``boxes[index]``, gathered column by column.

    A TPU would pad rows of 4 to 128 numbers: hundreds of megabytes for the anchors of a batch.

    Args:
      boxes: (boxes, 4).
      index: (rows,) integers.

    Returns:
      (rows, 4).
    """
    return jnp.stack([column[index] for column in boxes.T], axis=-1)
