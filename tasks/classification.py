"""Image classification: softmax cross-entropy, top-1 (and top-5 where there are many classes)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from ml_collections import ConfigDict
from PIL import Image

from metrics import Mean, MetricSet, top_k
from regularizers import NO_DROP, Drop
from tasks.contract import Batch, Curve, Row
from tasks.drawing.palette import IGNORED, RIGHT
from tasks.drawing.panels import side_by_side
from tasks.images import ImageTask

#: The most classes that are named of an image.
NAMED = 5


class Classification(ImageTask):
    """Image classification, see :class:`tasks.Task`.

    Args:
      config: of the run.
      without_data: for a run that is compiled and not carried out: the data set need not be there.
      label_smoothing: share of the target spread over all classes, in training alone.
      aux_weight: weight of the auxiliary head's loss, for a network that has one; else 0.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: the data set does not fit, or a field is outside its range.
    """

    best_metric = "accuracy"
    curves = (
        Curve("Cross-entropy loss", "loss", "log"),
        Curve("Top-1 accuracy", "accuracy", "percent"),
    )
    found = "classes"
    columns = ("name", "probability")

    def __init__(
        self,
        config: ConfigDict,
        *,
        without_data: bool = False,
        label_smoothing: float = 0.0,
        aux_weight: float = 0.0,
    ):
        super().__init__(config, without_data=without_data)
        self._smoothing, self._aux_weight = label_smoothing, aux_weight

    @staticmethod
    def check(config: ConfigDict) -> None:
        """Refuses fields of ``config.task`` that do not fit; opens no file.

        Raises:
          ValueError: one line that names the field.
        """
        smoothing, weight = config.task.label_smoothing, config.task.aux_weight
        if not 0 <= smoothing < 1:
            raise ValueError(f"config.task.label_smoothing must be in [0, 1), got {smoothing}.")
        if config.model.get("aux_head", False):
            if not weight > 0:
                raise ValueError(
                    "config.task.aux_weight must be above 0 with config.model.aux_head, "
                    f"got {weight}."
                )
        elif weight:
            raise ValueError(
                f"config.task.aux_weight must be 0 without config.model.aux_head, got {weight}."
            )

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        return self.build_network(rngs, num_classes=len(self.class_names))

    def loss(
        self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        images = self.normalise(batch["image"])
        call: Any = model  # whatever network the config names
        if self._aux_weight:
            logits, aux_logits = call.logits_and_aux(images, train=True, drop=drop)
        else:
            logits, aux_logits = call(images, train=True, drop=drop), None
        total, rows = _masked_cross_entropy(logits, batch, self._smoothing)
        if aux_logits is not None:
            aux_total, _ = _masked_cross_entropy(aux_logits, batch, self._smoothing)
            total += self._aux_weight * aux_total
        loss = total / jnp.maximum(rows, 1)
        hits, _ = top_k(logits, batch["label"], batch["mask"])
        return loss, {"loss": loss, "accuracy": hits / jnp.maximum(rows, 1)}

    def measure(self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP) -> MetricSet:
        logits = model(self.normalise(batch["image"]), train=False, drop=drop)
        label, mask = batch["label"], batch["mask"]
        results = {
            "loss": Mean(*_masked_cross_entropy(logits, batch)),
            "accuracy": Mean(*top_k(logits, label, mask)),
        }
        if len(self.class_names) > 10:
            results["top5_accuracy"] = Mean(*top_k(logits, label, mask, k=5))
        return MetricSet(results)

    def predict(self, model: nnx.Module, batch: Batch) -> dict[str, jax.Array]:
        """Computes ``logits``, float (batch, classes)."""
        call: Any = model
        return {"logits": call(self.normalise(batch["image"]), train=False)}

    def describe(self, example: Row, prediction: Row) -> list[dict[str, Any]]:
        """Lists the most probable classes."""
        logits = prediction["logits"].astype(np.float64)
        probabilities = np.exp(logits - logits.max())
        probabilities /= probabilities.sum()
        return [
            {"name": self.class_names[index], "probability": float(probabilities[index])}
            for index in np.argsort(-logits, kind="stable")[:NAMED].tolist()
        ]

    def draw(self, example: Row, prediction: Row) -> Image.Image:
        """Draws the image over its most probable classes, of which the true one is green."""
        truth = self.class_names[int(example["label"])] if "label" in example else None
        classes = [
            (f"{one['name']} {one['probability']:.1%}", RIGHT if one["name"] == truth else IGNORED)
            for one in self.describe(example, prediction)
        ]
        image = np.broadcast_to(example["image"], (*example["image"].shape[:2], 3))
        return side_by_side([image], ["image" if truth is None else f"truth: {truth}"], classes)


def _masked_cross_entropy(
    logits: jax.Array, batch: Batch, smoothing: float = 0.0
) -> tuple[jax.Array, jax.Array]:
    if smoothing:
        one_hot = jax.nn.one_hot(batch["label"], logits.shape[-1])
        losses = optax.softmax_cross_entropy(logits, optax.smooth_labels(one_hot, smoothing))
    else:
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"])
    return jnp.sum(jnp.where(batch["mask"], losses, 0)), jnp.sum(batch["mask"], dtype=jnp.int32)
