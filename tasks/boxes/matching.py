"""Which anchor is to find which box.

The rules are those of the DropBlock paper's code (``object_detection/argmax_matcher.py`` of
tensorflow/tpu, October 2018). An anchor takes the box that it overlaps most, of equal ones the
first. Forced matches come on top: a box takes the anchor that overlaps it most, of equal ones the
first, whatever their IoU; of two boxes that want the same anchor the first takes it, and the other
takes none. Torchvision and Detectron2 differ: there every anchor that is a box's best is kept, for
the box that the anchor itself overlaps most.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tasks.boxes.overlap import iou


class Matches(NamedTuple):
    """What the anchors of an image are for; one that is neither positive nor negative is ignored.

    Attributes:
      box: (anchors,) int32, the number of the anchor's box; it means nothing where not positive.
      positive: (anchors,) bool: the anchor is to find its box.
      negative: (anchors,) bool: the anchor is to find nothing.
    """

    box: jax.Array
    positive: jax.Array
    negative: jax.Array


def match(
    anchors: jax.Array,
    boxes: jax.Array,
    mask: jax.Array,
    *,
    positive_iou: float = 0.5,
    negative_iou: float = 0.5,
    force_match: bool = True,
) -> Matches:
    """Matches the anchors of one image with its boxes.

    The boxes are gone through one by one: (anchors, boxes) arrays would be hundreds of megabytes
    for a batch of large images, and slower on a CPU.

    Args:
      anchors: (anchors, 4) float32.
      boxes: (boxes, 4) float32.
      mask: (boxes,) bool, False where a row is padding; such rows are never matched.
      positive_iou: an anchor is positive from this IoU with a box on.
      negative_iou: an anchor is negative below this IoU with all boxes.
      force_match: whether a box that overlaps any anchor gets the one that overlaps it most.

    Raises:
      ValueError: as :func:`check_matching`.
    """
    check_matching(positive_iou, negative_iou)
    places = jnp.arange(len(anchors))
    columns = jnp.asarray(anchors).T

    def look_at(state, row):
        largest, index, forced = state
        number, box, real = row
        overlap = jnp.where(real, iou(columns, box[:, None]), 0)
        # As integers: TPUs keep a maximum that nobody reads in bfloat16. IoU is never negative, and
        # such floats are in the order of their bits.
        favourite = jnp.argmax(jax.lax.bitcast_convert_type(overlap, jnp.int32))
        free = (places == favourite) & (overlap > 0) & (forced < 0)
        index = jnp.where(overlap > largest, number, index)
        return (jnp.maximum(largest, overlap), index, jnp.where(free, number, forced)), None

    start = (
        jnp.zeros(len(anchors), jnp.float32),
        jnp.zeros(len(anchors), jnp.int32),
        jnp.full(len(anchors), -1, jnp.int32),
    )
    rows = (jnp.arange(len(boxes), dtype=jnp.int32), boxes, mask)
    (largest, index, forced), _ = jax.lax.scan(look_at, start, rows)
    positive, negative = largest >= positive_iou, largest < negative_iou
    if force_match:
        index = jnp.where(forced >= 0, forced, index)
        positive, negative = positive | (forced >= 0), negative & (forced < 0)
    return Matches(index, positive, negative)


def check_matching(positive_iou: float, negative_iou: float) -> None:
    """Refuses thresholds that :func:`match` cannot use.

    Raises:
      ValueError: one line that begins with the argument's name.
    """
    if not 0 < positive_iou <= 1:
        raise ValueError(f"positive_iou must be in (0, 1], got {positive_iou}.")
    if not 0 < negative_iou <= positive_iou:
        raise ValueError(
            f"negative_iou must be in (0, positive_iou], got {negative_iou} "
            f"with positive_iou {positive_iou}."
        )
