"""Non-maximum suppression: of boxes of one class that overlap, only the best one stays."""

import jax
import jax.numpy as jnp

from tasks.boxes.overlap import iou


def nms(
    boxes: jax.Array, classes: jax.Array, alive: jax.Array, *, max_iou: float, limit: int
) -> tuple[jax.Array, jax.Array]:
    """Picks the best box that is alive, drops those of its class that overlap it, and repeats.

    Classes are compared. (The common trick, to move each class's boxes to a place of its own,
    rounds their coordinates.)

    Args:
      boxes: (boxes, 4) float32 of one image, the best one first.
      classes: (boxes,) integers.
      alive: (boxes,) bool, which boxes there are.
      max_iou: up to this IoU with a better box of its class a box stays.
      limit: number of picks.

    Returns:
      (limit,) int32: the boxes picked, best first; and (limit,) bool: whether there was one.
    """
    columns = boxes.T
    places = jnp.arange(len(boxes))

    def pick(alive, _):
        best = jnp.argmax(alive).astype(jnp.int32)
        overlaps = iou(columns, columns[:, best][:, None]) > max_iou
        dropped = (overlaps & (classes == classes[best])) | (places == best)
        return alive & ~dropped, (best, alive[best])

    return jax.lax.scan(pick, alive, length=limit)[1]
