"""COCO's average precision of boxes, by COCO's own code."""

import contextlib
import dataclasses
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Array = jax.Array | np.ndarray
#: Detections of one class that count in an image: the best ones.
MOST_DETECTIONS = 100


class Detections(NamedTuple):
    """What was found in each image of a batch, in any order.

    Attributes:
      boxes: (batch, n, 4) floats: top, left, bottom, right in pixels of the original image.
      scores: (batch, n) floats.
      classes: (batch, n) integers.
      valid: (batch, n) bool; other rows do not count.
    """

    boxes: Array
    scores: Array
    classes: Array
    valid: Array


class Truth(NamedTuple):
    """What is in each image of a batch.

    Attributes:
      boxes: (batch, m, 4) floats: top, left, bottom, right in pixels of the original image.
      classes: (batch, m) integers.
      area: (batch, m) floats: of the objects, which makes them small, medium or large.
      crowd: (batch, m) bool: whether it is found or not does not count.
      valid: (batch, m) bool; other rows do not count.
    """

    boxes: Array
    classes: Array
    area: Array
    crowd: Array
    valid: Array


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class CocoAP:
    """Average precision over a split: a row for each image, also of those that show nothing.

    Attributes:
      image_id: (batch, 2) int32: the halves of the images' int64 numbers, as they lie in memory.
      mask: (batch,) bool; other rows are padding.
      detections: what was found.
      truth: what should have been.
      names: of the classes.
    """

    image_id: Array
    mask: Array
    detections: Detections
    truth: Truth
    names: tuple[str, ...] = dataclasses.field(metadata={"static": True})

    def merge(self, other: "CocoAP") -> "CocoAP":
        """Adds the images of ``other``."""
        return jax.tree.map(lambda *rows: np.concatenate(rows), self, other)

    def values(self) -> dict[str, float]:
        """Computes ``ap``, ``ap50``, ``ap75``, ``ap_small|medium|large`` and ``ap/<class>``.

        Their names in COCO's table are AP, AP at IoU 0.50 and 0.75, and AP by area. Where nothing
        was to be found, of a class or a size, the value is nan; where nothing was found it is 0.

        Raises:
          ValueError: an image is there twice.
        """
        precision, iou = self._precision()
        by_class = {f"ap/{name}": _mean(precision[..., k, 0]) for k, name in enumerate(self.names)}
        return {
            "ap": _mean(precision[..., 0]),
            "ap50": _mean(precision[iou == 0.5, ..., 0]),
            "ap75": _mean(precision[iou == 0.75, ..., 0]),
            "ap_small": _mean(precision[..., 1]),
            "ap_medium": _mean(precision[..., 2]),
            "ap_large": _mean(precision[..., 3]),
        } | by_class

    def results(self, category_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Returns the detections as COCO's results: the images' own numbers, boxes as x, y, w, h.

        Args:
          category_ids: the number of each class.
        """
        found = self.detections
        columns = self._columns(found.boxes, found.valid, found.classes, found.scores)
        return [
            {"image_id": image, "category_id": category_ids[label], "bbox": box, "score": score}
            for image, box, label, score in columns
        ]

    def write_results(self, path: str | os.PathLike, category_ids: Sequence[int]) -> None:
        """Writes :meth:`results` as the JSON file that COCO's server and tools read."""
        Path(path).write_text(json.dumps(self.results(category_ids)))

    def _precision(self) -> tuple[np.ndarray, np.ndarray]:
        """Precision at (IoU, recall, class, size), -1 where nothing is to be found; the IoUs."""
        numbers = range(1, len(self.names) + 1)
        header = {
            "images": [
                {"id": number} for number in self._image_ids()[np.asarray(self.mask)].tolist()
            ],
            "categories": [{"id": number} for number in numbers],
        }
        # COCO's code takes an annotation of number 0 for none.
        found = [
            result | {"id": number, "area": result["bbox"][2] * result["bbox"][3]}
            for number, result in enumerate(self.results(numbers), 1)
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            truth, detections = COCO(), COCO()
            truth.dataset = header | {"annotations": self._annotations(numbers)}
            detections.dataset = header | {"annotations": found}
            truth.createIndex()
            detections.createIndex()
            evaluation = COCOeval(truth, detections, "bbox")
            evaluation.params.maxDets = [MOST_DETECTIONS]
            evaluation.evaluate()
            evaluation.accumulate()
        return evaluation.eval["precision"][..., 0], evaluation.params.iouThrs

    def _annotations(self, category_ids: Sequence[int]) -> list[dict[str, Any]]:
        truth = self.truth
        columns = self._columns(truth.boxes, truth.valid, truth.classes, truth.area, truth.crowd)
        return [
            {
                "id": number,
                "image_id": image,
                "category_id": category_ids[label],
                "bbox": box,
                "area": area,
                "iscrowd": int(crowd),
            }
            for number, (image, box, label, area, crowd) in enumerate(columns, 1)
        ]

    def _image_ids(self) -> np.ndarray:
        """The number of each row's image, int64; of padding it means nothing."""
        numbers = np.ascontiguousarray(self.image_id).view(np.int64)[:, 0]
        counted, times = np.unique(numbers[np.asarray(self.mask)], return_counts=True)
        if (times > 1).any():
            raise ValueError(
                f"image {counted[times > 1][0]} was evaluated {times.max()} times: is it twice in "
                "the split, or are two images of one number?"
            )
        return numbers

    def _columns(self, boxes: Array, valid: Array, *others: Array) -> Iterator[tuple]:
        """(image, box as x, y, width and height, the others) of each box that counts."""
        counted = np.asarray(valid) & np.asarray(self.mask)[:, None]
        images = np.broadcast_to(self._image_ids()[:, None], counted.shape)
        corners = np.asarray(boxes, np.float64)[counted]
        sides = corners[:, 2:] - corners[:, :2]
        as_coco = np.concatenate([corners[:, 1::-1], sides[:, ::-1]], axis=1)
        rest = (np.asarray(other)[counted].tolist() for other in others)
        return zip(images[counted].tolist(), as_coco.tolist(), *rest, strict=True)


def _mean(precision: np.ndarray) -> float:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else float("nan")
