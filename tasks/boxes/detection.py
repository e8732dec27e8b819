"""From a network's results to boxes with scores and classes."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tasks.boxes.coding import decode
from tasks.boxes.nms import nms
from tasks.boxes.rows import take_rows


class Detections(NamedTuple):
    """The boxes found in each image, best first; rows that are not valid are zeros.

    Attributes:
      boxes: (batch, limit, 4) float32, within the image.
      scores: (batch, limit) float32, probabilities.
      classes: (batch, limit) int32.
      valid: (batch, limit) bool.
    """

    boxes: jax.Array
    scores: jax.Array
    classes: jax.Array
    valid: jax.Array


def detect(
    logits: jax.Array,
    codes: jax.Array,
    anchors: jax.Array,
    sizes: jax.Array,
    *,
    candidates: int = 5000,
    min_score: float = 0.05,
    max_iou: float = 0.5,
    limit: int = 100,
) -> Detections:
    """Finds the boxes of each image by itself.

    The pairs of an anchor and a class with the largest logits are the candidates, as in the
    DropBlock paper's code. Their boxes are clipped to the image; non-maximum suppression within
    each class is what is left to do. Of equal logits the anchor that comes first is better, then
    the class that does.

    Args:
      logits: (batch, anchors, classes), any floating dtype.
      codes: (batch, anchors, 4), any floating dtype.
      anchors: (anchors, 4) float32.
      sizes: (batch, 2), height and width of each image without its padding, in pixels.
      candidates: number of pairs that are looked at.
      min_score: a candidate's probability must be above it.
      max_iou: up to this IoU with a better box of its class a box stays.
      limit: the most boxes of an image.

    Raises:
      ValueError: as :func:`check_detection`.
    """
    check_detection(candidates, min_score, max_iou, limit)

    def of_image(logits: jax.Array, codes: jax.Array, size: jax.Array) -> Detections:
        logits, anchor, label = _best_pairs(logits.astype(jnp.float32), candidates)
        boxes = decode(take_rows(codes, anchor), take_rows(jnp.asarray(anchors), anchor))
        boxes = jnp.clip(boxes, 0, jnp.tile(size.astype(jnp.float32), 2)[None])
        scores = jax.nn.sigmoid(logits)
        alive = (scores > min_score) & jnp.all(boxes[:, 2:] > boxes[:, :2], axis=1)
        best, valid = nms(boxes, label, alive, max_iou=max_iou, limit=limit)
        return Detections(
            jnp.where(valid[:, None], boxes[best], 0),
            jnp.where(valid, scores[best], 0),
            jnp.where(valid, label[best], 0),
            valid,
        )

    return jax.vmap(of_image)(logits, codes, sizes)


def check_detection(candidates: int, min_score: float, max_iou: float, limit: int) -> None:
    """Refuses arguments that :func:`detect` cannot use.

    Raises:
      ValueError: one line that begins with the argument's name.
    """
    for name, value in {"candidates": candidates, "limit": limit}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}.")
    if not 0 <= min_score < 1:
        raise ValueError(f"min_score must be in [0, 1), got {min_score}.")
    if not 0 <= max_iou <= 1:
        raise ValueError(f"max_iou must be in [0, 1], got {max_iou}.")


def _best_pairs(logits: jax.Array, count: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The largest of (anchors, classes) logits, largest first, their anchors and their classes.

    Only anchors among the ``count`` with the largest maxima can have one of the ``count`` largest
    logits: each of those has one itself. So millions of logits need not be sorted.
    """
    anchors, classes = logits.shape
    _, some = jax.lax.top_k(jnp.max(logits, axis=1), min(count, anchors))
    some = jnp.sort(some)  # equal logits stay in the order of the anchors
    pairs = logits[some].reshape(-1)
    largest, pair = jax.lax.top_k(pairs, min(count, pairs.size))
    return largest, some[pair // classes], pair % classes
