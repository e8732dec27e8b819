"""Object detection: boxes with classes; COCO's average precision."""

import os
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from ml_collections import ConfigDict
from PIL import Image

from metrics import CocoAP, Mean, MetricSet
from metrics.coco_ap import Detections, Truth
from regularizers import NO_DROP, Drop
from tasks.boxes import (
    RATIOS,
    Targets,
    check_anchors,
    check_detection,
    check_matching,
    detect,
    detection_losses,
    make_anchors,
    make_targets,
)
from tasks.contract import Batch, Curve, Row
from tasks.drawing.boxes import draw_boxes
from tasks.drawing.palette import palette
from tasks.drawing.panels import side_by_side
from tasks.images import ImageTask

#: Detections of at least this probability are drawn.
DRAWN_SCORE = 0.3


#: What the box operations call their arguments, and the fields of the config.
_RENAMED = {"size": "data.image_size", "scale": "task.anchor_scale", "limit": "task.detections"}


class Detection(ImageTask):
    """Object detection with anchors, see :class:`tasks.Task`.

    Args:
      config: of the run.
      without_data: for a run that is compiled and not carried out: the data set need not be there.
      anchor_scale: side of the smallest square anchor of a level, in its strides.
      octaves: number of anchor sides in an octave.
      ratios: (width, height) of the anchors by their side.
      positive_iou: an anchor is to find a box from this IoU on.
      negative_iou: it is to find nothing below this IoU with all boxes; between them it is ignored.
      force_match: whether each box gets the anchor that overlaps it most, whatever their IoU.
      focal_alpha: weight of what is there in the loss of classes.
      focal_gamma: how much less easy examples count there.
      huber_delta: the error from which the loss of boxes is linear, in codes.
      box_weight: of the loss of boxes.
      candidates: pairs of anchor and class that are looked at in an image.
      min_score: least probability of a detection.
      max_iou: up to this IoU with a better box of its class a box stays.
      detections: the most of an image.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: the data set does not fit.

    Source: Ghiasi et al. 2018, section 4.3; the defaults are those of the repository tensorflow/tpu
      of October 2018.
    """

    best_metric = "ap"
    curves = (
        Curve("Loss", "loss", "log"),
        Curve("AP", "ap", "percent"),
        Curve("AP at IoU 0.5", "ap50", "percent"),
    )
    found = "boxes"
    columns = ("name", "score", "x", "y", "width", "height")

    def __init__(
        self,
        config: ConfigDict,
        *,
        without_data: bool = False,
        anchor_scale: float = 4.0,
        octaves: int = 3,
        ratios: tuple[tuple[float, float], ...] = RATIOS,
        positive_iou: float = 0.5,
        negative_iou: float = 0.5,
        force_match: bool = True,
        focal_alpha: float = 0.25,
        focal_gamma: float = 1.5,
        huber_delta: float = 0.1,
        box_weight: float = 50.0,
        candidates: int = 5000,
        min_score: float = 0.05,
        max_iou: float = 0.5,
        detections: int = 100,
    ):
        super().__init__(config, without_data=without_data)
        height, width, _ = self.info.train_spec["image"].shape
        self._anchors = make_anchors(
            (height, width), scale=anchor_scale, octaves=octaves, ratios=ratios
        )
        self._anchors_of_cell = octaves * len(ratios)
        self._matching: dict[str, Any] = {
            "positive_iou": positive_iou,
            "negative_iou": negative_iou,
            "force_match": force_match,
        }
        self._losses = {"alpha": focal_alpha, "gamma": focal_gamma, "delta": huber_delta}
        self._box_weight = box_weight
        self._detecting: dict[str, Any] = {
            "candidates": candidates,
            "min_score": min_score,
            "max_iou": max_iou,
            "limit": detections,
        }

    @staticmethod
    def check(config: ConfigDict) -> None:
        """Refuses fields that do not fit; opens no file.

        Raises:
          ValueError: one line that names the field.
        """
        task, side = config.task, config.data.image_size
        size = (side, side) if isinstance(side, int) else tuple(side)
        try:
            check_anchors(size, scale=task.anchor_scale, octaves=task.octaves, ratios=task.ratios)
            check_matching(task.positive_iou, task.negative_iou)
            check_detection(task.candidates, task.min_score, task.max_iou, task.detections)
        except ValueError as error:
            raise ValueError(_name_field(str(error))) from error
        for name in ("focal_alpha", "focal_gamma", "huber_delta", "box_weight"):
            value = task[name]
            if not 0 <= value < float("inf") or (name == "huber_delta" and value == 0):
                raise ValueError(f"config.task.{name} must be a number from 0 up, got {value}.")

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        return self.build_network(
            rngs, num_classes=len(self.class_names), num_anchors=self._anchors_of_cell
        )

    def loss(
        self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        logits, codes = model(self.normalise(batch["image"]), train=True, drop=drop)
        targets = self._targets(batch["boxes"], batch["box_label"], batch["box_mask"])
        losses = detection_losses(logits, codes, targets, **self._losses)
        classes, boxes = losses.normalised(batch["mask"])
        loss = classes + self._box_weight * boxes
        return loss, {"loss": loss, "class_loss": classes, "box_loss": boxes}

    def measure(self, model: nnx.Module, batch: Batch, drop: Drop = NO_DROP) -> MetricSet:
        logits, codes = model(self.normalise(batch["image"]), train=False, drop=drop)
        losses = detection_losses(logits, codes, self._true_targets(batch), **self._losses)
        mask = batch["mask"]
        total = jnp.sum(jnp.where(mask, losses.classes + self._box_weight * losses.boxes, 0))
        truth = Truth(
            *(batch[f"true_{name}"] for name in ("boxes", "label", "area", "crowd", "mask"))
        )
        found = self._detect(logits, codes, batch)
        ap = CocoAP(batch["image_id"], mask, found, truth, tuple(self.class_names))
        loss = Mean(total, jnp.sum(jnp.where(mask, losses.positives, 0)))
        return MetricSet({"ap": ap, "loss": loss})

    def predict(self, model: nnx.Module, batch: Batch) -> dict[str, jax.Array]:
        """Computes the :class:`tasks.boxes.Detections`, in pixels of the original images.

        With the truth also ``matched``, bool (batch, anchors): the anchors that are to find a box;
        and ``matched_class``, int32, what is in it.
        """
        logits, codes = model(self.normalise(batch["image"]), train=False)
        found = self._detect(logits, codes, batch)._asdict()
        if "true_boxes" not in batch:
            return found
        targets = self._true_targets(batch)
        return found | {"matched": targets.positive, "matched_class": targets.classes}

    def describe(self, example: Row, prediction: Row) -> list[dict[str, Any]]:
        """Lists the boxes as COCO does: x, y, width and height in pixels of the image."""
        return [
            {
                "name": self.class_names[label],
                "score": score,
                "box": [left, top, right - left, bottom - top],
            }
            for (top, left, bottom, right), label, score, valid in zip(
                *(prediction[name].tolist() for name in ("boxes", "classes", "scores", "valid")),
                strict=True,
            )
            if valid
        ]

    def draw(self, example: Row, prediction: Row) -> Image.Image:
        """Draws the detections with their scores, between the truth and its anchors if known."""
        height, width, *size = example["sizes"].tolist()
        image = Image.fromarray(example["image"][:height, :width])
        pixels = np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR))
        colours = palette(len(self.class_names))

        def panel(boxes: np.ndarray, classes: np.ndarray, texts: Sequence[str] = ()) -> np.ndarray:
            return draw_boxes(pixels, boxes, colours[classes], texts)

        shown = prediction["scores"] >= DRAWN_SCORE
        texts = [f"{score:.2f}" for score in prediction["scores"][shown]]
        panels = [panel(prediction["boxes"][shown], prediction["classes"][shown], texts)]
        titles = [f"found with score {DRAWN_SCORE} or more: {shown.sum()}"]
        if "true_mask" in example:
            truth, matched = example["true_mask"], prediction["matched"]
            anchors = self._anchors[matched] * np.array([size[0] / height, size[1] / width] * 2)
            panels.insert(0, panel(example["true_boxes"][truth], example["true_label"][truth]))
            panels.append(panel(anchors, prediction["matched_class"][matched]))
            titles.insert(0, f"truth: {truth.sum()}")
            titles.append(f"anchors matched with the truth: {matched.sum()}")
        legend = list(zip(self.class_names, map(tuple, colours.tolist()), strict=True))
        return side_by_side(panels, titles, legend)

    def write_results(self, metrics: MetricSet, path: str | os.PathLike) -> None:
        """Writes the detections of a whole split as COCO's JSON, with the data set's own ids."""
        metrics.metrics["ap"].write_results(path, self.info.category_ids)

    def _targets(self, boxes: jax.Array, classes: jax.Array, mask: jax.Array) -> Targets:
        return make_targets(jnp.asarray(self._anchors), boxes, classes, mask, **self._matching)

    def _true_targets(self, batch: Batch) -> Targets:
        """Of an evaluation batch."""
        boxes = batch["true_boxes"] * self._scale_to_input(batch)[:, None]
        counted = batch["true_mask"] & ~batch["true_crowd"]
        return self._targets(boxes, batch["true_label"], counted)

    def _detect(self, logits: jax.Array, codes: jax.Array, batch: Batch) -> Detections:
        """The detections in pixels of the original images."""
        anchors, sizes = jnp.asarray(self._anchors), self.sizes(batch)[:, :2]
        found = detect(logits, codes, anchors, sizes, **self._detecting)
        boxes = found.boxes / self._scale_to_input(batch)[:, None]
        return Detections(boxes, found.scores, found.classes, found.valid)

    def _scale_to_input(self, batch: Batch) -> jax.Array:
        """From pixels of the originals to those of the network's input: (batch, 4) float32."""
        sizes = jnp.maximum(self.sizes(batch), 1).astype(jnp.float32)
        return jnp.tile(sizes[:, :2] / sizes[:, 2:], 2)


def _name_field(message: str) -> str:
    name, _, rest = message.partition(" ")
    return f"config.{_RENAMED.get(name, f'task.{name}')} {rest}"
