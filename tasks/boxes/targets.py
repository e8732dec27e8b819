"""What a network is to say of every anchor of a batch."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tasks.boxes.coding import encode
from tasks.boxes.matching import match
from tasks.boxes.rows import take_rows


class Targets(NamedTuple):
    """What a network is to say of every anchor.

    Attributes:
      classes: (batch, anchors) int32; they mean nothing where not positive.
      codes: (batch, anchors, 4) float32, finite; they mean nothing where not positive.
      positive: (batch, anchors) bool: the anchor is to find a box.
      negative: (batch, anchors) bool: the anchor is to find nothing. The others are ignored.
    """

    classes: jax.Array
    codes: jax.Array
    positive: jax.Array
    negative: jax.Array


def make_targets(
    anchors: jax.Array,
    boxes: jax.Array,
    classes: jax.Array,
    mask: jax.Array,
    *,
    positive_iou: float = 0.5,
    negative_iou: float = 0.5,
    force_match: bool = True,
) -> Targets:
    """Makes the targets of a batch, image by image as :func:`tasks.boxes.match` says.

    Args:
      anchors: (anchors, 4) float32.
      boxes: (batch, boxes, 4) float32; there must be at least one row.
      classes: (batch, boxes), integers from 0.
      mask: (batch, boxes) bool, False where a row is padding.
      positive_iou: of :func:`tasks.boxes.match`.
      negative_iou: of :func:`tasks.boxes.match`.
      force_match: of :func:`tasks.boxes.match`.

    Raises:
      ValueError: as :func:`tasks.boxes.match`.
    """

    def of_image(boxes: jax.Array, classes: jax.Array, mask: jax.Array) -> Targets:
        box, positive, negative = match(
            anchors,
            boxes,
            mask,
            positive_iou=positive_iou,
            negative_iou=negative_iou,
            force_match=force_match,
        )
        codes = encode(take_rows(boxes, box), jnp.asarray(anchors))
        return Targets(classes[box].astype(jnp.int32), codes, positive, negative)

    return jax.vmap(of_image)(boxes, classes, mask)
