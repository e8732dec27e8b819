"""RetinaNet's losses: focal for classes, Huber for boxes, and what they are divided by.

Lin et al. 2017 (arXiv 1708.02002) with the constants of the DropBlock paper's code. It differs from
ours in two places:

- It divides by the number of positive anchors of the images of one core, plus 1. We divide by that
  of the whole batch, and by 1 where there are none: so the loss does not depend on the mesh.
- It leaves out a coordinate of a positive anchor whose target is exactly 0. We count all four.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tasks.boxes.targets import Targets


class Losses(NamedTuple):
    """Losses of each image, summed over anchors.

    Attributes:
      classes: (batch,) float32, over positive and negative anchors and all classes.
      boxes: (batch,) float32, over positive anchors, of the mean of their four coordinates.
      positives: (batch,) int32, number of positive anchors.
    """

    classes: jax.Array
    boxes: jax.Array
    positives: jax.Array

    def normalised(self, mask: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Sums over a batch and divides by its positive anchors, or by 1 if there are none.

        Args:
          mask: (batch,) bool, False where a row is no image.

        Returns:
          The losses of classes and of boxes, float32 scalars.
        """
        positives = jnp.sum(jnp.where(mask, self.positives, 0))
        count = jnp.maximum(positives, 1).astype(jnp.float32)
        classes, boxes = (jnp.sum(jnp.where(mask, x, 0)) for x in (self.classes, self.boxes))
        return classes / count, boxes / count


def detection_losses(
    logits: jax.Array,
    codes: jax.Array,
    targets: Targets,
    *,
    alpha: float = 0.25,
    gamma: float = 1.5,
    delta: float = 0.1,
) -> Losses:
    """Computes the losses of each image.

    Args:
      logits: (batch, anchors, classes), any floating dtype.
      codes: (batch, anchors, 4), any floating dtype.
      targets: of the same anchors.
      alpha: of :func:`focal_loss`.
      gamma: of :func:`focal_loss`.
      delta: of :func:`huber_loss`.
    """
    positive = targets.positive[..., None]
    counted = positive | targets.negative[..., None]
    labels = jnp.arange(logits.shape[-1])[None, None]
    wanted = positive & (targets.classes[..., None] == labels)
    focal = jnp.where(counted, focal_loss(logits, wanted, alpha=alpha, gamma=gamma), 0)
    # Before the loss, so that the gradient of what is left out is 0 whatever it is.
    error = jnp.where(positive, codes.astype(jnp.float32) - targets.codes, 0)
    return Losses(
        jnp.sum(focal, axis=(1, 2)),
        jnp.sum(huber_loss(error, delta=delta), axis=(1, 2)) / 4,
        jnp.sum(targets.positive, axis=1, dtype=jnp.int32),
    )


def focal_loss(
    logits: jax.Array, wanted: jax.Array, *, alpha: float = 0.25, gamma: float = 1.5
) -> jax.Array:
    """Computes sigmoid focal losses, element by element: a * (1 - p) ** gamma * -log(p).

    ``p`` is the probability of what is true, and ``a`` is ``alpha`` for what is wanted and 1 -
    alpha for the rest. Both factors are functions of softplus, so that losses and gradients are
    finite for all finite logits; a power of 1 - p has none at p = 1.

    Args:
      logits: any shape and floating dtype.
      wanted: bool of the same shape.
      alpha: weight of what is wanted.
      gamma: how much less easy examples count; 0 is cross-entropy.

    Returns:
      float32 of the same shape.
    """
    logits = logits.astype(jnp.float32)
    right = jnp.where(wanted, logits, -logits)
    weight = jnp.where(wanted, alpha, 1 - alpha)
    return weight * jnp.exp(-gamma * jax.nn.softplus(right)) * jax.nn.softplus(-right)


def huber_loss(error: jax.Array, *, delta: float = 0.1) -> jax.Array:
    """Computes Huber losses: half the square of an error, and from ``delta`` on a straight line.

    Args:
      error: float32, any shape.
      delta: the error from which the slope is ``delta``.
    """
    size = jnp.abs(error)
    return jnp.where(size <= delta, 0.5 * error**2, delta * (size - 0.5 * delta))
