"""Semantic segmentation: a class for every pixel; mean IoU over all pixels of all images."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from ml_collections import ConfigDict
from PIL import Image

from metrics import ConfusionMatrix, Mean, MetricSet
from models.layers.resize import interpolate, interpolation
from regularizers import NO_DROP, Drop
from tasks.contract import Batch, Curve, Row
from tasks.drawing.palette import IGNORED, colour_labels, palette
from tasks.drawing.panels import side_by_side
from tasks.images import ImageTask

TRAIN_AT = ("logits", "labels")
#: Pixels from one logit to the next, each way: level 3 of a feature pyramid.
STRIDE = 8


class Segmentation(ImageTask):
    """Semantic segmentation, see :class:`tasks.Task`.

    The network gives logits for every eighth pixel each way. They are evaluated at every
    pixel of the labels, between them bilinearly.

    Args:
      config: of the run.
      without_data: for a run that is compiled and not carried out: the data set need not be there.
      train_at: where the training loss is taken: at the "logits" alone, with the labels of their
        pixels, as in the paper's code; or at all "labels".
      class_weights: of the classes in the training loss; empty for 1 each.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: the data set does not fit, or as many weights as classes are not given.
    """

    best_metric = "mean_iou"
    curves = (
        Curve("Cross-entropy loss", "loss", "log"),
        Curve("Pixel accuracy", "pixel_accuracy", "percent"),
        Curve("Mean IoU", "mean_iou", "percent"),
    )
    found = "classes"
    columns = ("index", "name", "share")

    def __init__(
        self,
        config: ConfigDict,
        *,
        without_data: bool = False,
        train_at: str = "logits",
        class_weights: tuple[float, ...] = (),
    ):
        super().__init__(config, without_data=without_data)
        if class_weights and len(class_weights) != len(self.class_names):
            raise ValueError(
                f"config.task.class_weights must have a weight for each of the "
                f"{len(self.class_names)} classes, got {len(class_weights)}."
            )
        self._train_at = train_at
        self._weights = jnp.asarray(class_weights or [1.0] * len(self.class_names), jnp.float32)
        self._ignored = self.info.train_spec["label"].ignored
        self._label_size = self.info.eval_spec["label"].shape

    @staticmethod
    def check(config: ConfigDict) -> None:
        """Refuses fields of ``config.task`` that do not fit; opens no file.

        Raises:
          ValueError: one line that names the field.
        """
        if config.task.train_at not in TRAIN_AT:
            raise ValueError(
                f"config.task.train_at must be one of {', '.join(TRAIN_AT)}, "
                f"got {config.task.train_at!r}."
            )
        for weight in config.task.class_weights:
            if not 0 <= weight < float("inf"):
                raise ValueError(
                    "config.task.class_weights must be numbers from 0 up, "
                    f"got {config.task.class_weights}."
                )

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        return self.build_network(rngs, num_classes=len(self.class_names))

    def loss(
        self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        logits = model(self.normalise(batch["image"]), train=True, drop=drop)
        labels = batch["label"]
        if self._train_at == "logits":
            labels = labels[:, ::STRIDE, ::STRIDE]
        else:
            rows, columns = (
                interpolation(new, old, 1 / STRIDE)
                for new, old in zip(labels.shape[1:], logits.shape[1:3], strict=True)
            )
            logits = interpolate(logits, rows, columns)
        valid = self._valid(labels, batch["mask"])
        total, weight = self._cross_entropy(logits, labels, valid)
        count = jnp.maximum(jnp.sum(valid), 1)
        hits = jnp.sum((jnp.argmax(logits, -1) == labels) & valid)
        loss = total / jnp.maximum(weight, 1e-6)
        return loss, {"loss": loss, "pixel_accuracy": hits / count}

    def measure(self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP) -> MetricSet:
        logits, labels = self.logits_at_labels(model, batch, drop), batch["label"]
        valid = self._valid(labels, batch["mask"])
        confusion = ConfusionMatrix.of(labels, jnp.argmax(logits, -1), valid, self.class_names)
        loss = Mean(*self._cross_entropy(logits, labels, valid))
        return MetricSet({"loss": loss, "confusion": confusion})

    def logits_at_labels(self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP) -> jax.Array:
        """Computes logits at every pixel of an evaluation batch's label maps.

        Returns:
          (batch, *label_size, classes) float32; beyond an image's own size they mean nothing.
          Without ``sizes`` in the batch: at every pixel of the network's input.
        """
        logits = model(self.normalise(batch["image"]), train=False, drop=drop)
        sizes = jnp.maximum(self.sizes(batch), 1).astype(jnp.float32)
        shape = self._label_size if "sizes" in batch else batch["image"].shape[1:3]

        def matrices(axis: int) -> jax.Array:
            new, old = shape[axis], logits.shape[1 + axis]
            # Pixels are squares: the centre of label pixel i is at (i + 0.5) * ratio - 0.5 of the
            # image, of which the network has the logits at 0, 8, 16, ...
            ratio = sizes[:, axis] / sizes[:, 2 + axis]
            make = jax.vmap(lambda step, first: interpolation(new, old, step, first))
            return make(ratio / STRIDE, (ratio - 1) / (2 * STRIDE))

        return interpolate(logits, matrices(0), matrices(1))

    def predict(self, model: nnx.Module, batch: Batch) -> dict[str, jax.Array]:
        """Computes ``label``, uint8: a class for every pixel that has logits."""
        logits = self.logits_at_labels(model, batch)
        return {"label": jnp.argmax(logits, -1).astype(jnp.uint8)}

    def mask(self, example: Row, prediction: Row) -> Image.Image:
        """Paints the classes; in an image larger than ``label_size``, the nearest pixel's."""
        rows, columns, height, width = example["sizes"][2:].tolist()
        label = Image.fromarray(prediction["label"][:rows, :columns])
        return label.resize((width, height), Image.Resampling.NEAREST)

    def describe(self, example: Row, prediction: Row) -> list[dict[str, Any]]:
        """Lists the classes that there are, with their shares of the pixels, largest first."""
        rows, columns = example["sizes"][2:4].tolist()
        label = prediction["label"][:rows, :columns]
        counts = np.bincount(label.ravel(), minlength=len(self.class_names))
        return [
            {
                "index": index,
                "name": self.class_names[index],
                "share": float(counts[index] / label.size),
            }
            for index in np.argsort(-counts, kind="stable").tolist()
            if counts[index]
        ]

    def draw(self, example: Row, prediction: Row) -> Image.Image:
        """Draws the image, its labels and the predicted ones; ignored pixels are grey."""
        height, width, rows, columns = example["sizes"][:4].tolist()
        image = Image.fromarray(example["image"][:height, :width])
        image = image.resize((columns, rows), Image.Resampling.BILINEAR)
        names, predicted = self.class_names, prediction["label"][:rows, :columns]
        panels = {"image": np.asarray(image)}
        legend = list(zip(names, map(tuple, palette(len(names)).tolist()), strict=True))
        title = "prediction"
        if "label" in example:
            label = example["label"][:rows, :columns]
            valid = label != self._ignored
            right = 100 * np.mean(predicted[valid] == label[valid]) if valid.any() else 0.0
            panels["truth"] = colour_labels(np.where(valid, label, len(names)), len(names))
            legend.append(("ignored", IGNORED))
            title = f"prediction, {right:.1f} % of pixels right"
        panels[title] = colour_labels(predicted, len(names))
        return side_by_side(list(panels.values()), list(panels), legend)

    def _valid(self, labels: jax.Array, mask: jax.Array) -> jax.Array:
        return (labels != self._ignored) & mask[:, None, None]

    def _cross_entropy(
        self, logits: jax.Array, labels: jax.Array, valid: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """The weighted sum over valid pixels, and the sum of the weights."""
        labels = jnp.where(valid, labels, 0).astype(jnp.int32)
        weights = jnp.where(valid, self._weights[labels], 0)
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return jnp.sum(losses * weights), jnp.sum(weights)
