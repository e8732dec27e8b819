"""Mean IoU and pixel accuracy, from one confusion matrix over all pixels of all images."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ConfusionMatrix:
    """Counts pixels by their true and their predicted class.

    Attributes:
      counts: (classes, classes) integers; rows are true classes.
      names: of the classes.
    """

    counts: jax.Array | np.ndarray
    names: tuple[str, ...] = dataclasses.field(metadata={"static": True})

    @classmethod
    def of(
        cls, labels: jax.Array, predictions: jax.Array, valid: jax.Array, names: Sequence[str]
    ) -> "ConfusionMatrix":
        """Counts the valid pixels of a batch, exactly.

        Args:
          labels: (batch, height, width) integers.
          predictions: (batch, height, width) integers, from 0 to ``len(names) - 1``.
          valid: (batch, height, width) bool; pixels that are not valid do not count, whatever
            their label.
          names: of the classes.
        """
        rows, classes = labels.shape[0], len(names)
        labels = jnp.where(valid, labels.astype(jnp.int32), -1)
        # A product of ones and zeros, not a scatter: exact in float32 up to 2**24 pixels an image.
        true, predicted = (
            jax.nn.one_hot(index.reshape(rows, -1), classes, dtype=jnp.bfloat16)
            for index in (labels, predictions)
        )
        each = jnp.einsum("npi,npj->nij", true, predicted, preferred_element_type=jnp.float32)
        return cls(jnp.sum(each.astype(jnp.int32), axis=0), tuple(names))

    def merge(self, other: "ConfusionMatrix") -> "ConfusionMatrix":
        """Counts the pixels of ``other`` too, in 64 bits."""
        return ConfusionMatrix(
            np.asarray(self.counts, np.int64) + np.asarray(other.counts), self.names
        )

    def values(self) -> dict[str, float]:
        """Computes ``mean_iou``, ``pixel_accuracy`` and ``iou/<class>``.

        The mean is over the classes that occur, as truth or prediction; the IoU of the others is
        nan.
        """
        counts = np.asarray(self.counts, np.int64)
        hits = np.diag(counts)
        union = counts.sum(0) + counts.sum(1) - hits
        total = counts.sum()
        iou = np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)
        occurs = union > 0
        return {
            "mean_iou": float(iou[occurs].mean()) if occurs.any() else float("nan"),
            "pixel_accuracy": float(hits.sum() / total) if total else float("nan"),
        } | {f"iou/{name}": float(value) for name, value in zip(self.names, iou, strict=True)}
