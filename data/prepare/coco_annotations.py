"""Annotations in COCO's JSON."""

import json
import numbers
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from data.errors import DataError, first_line
from data.prepare.boxes import Box, BoxedImage


@dataclass(frozen=True)
class CocoAnnotations:
    """What a file of annotations says.

    Attributes:
      categories: id -> name, in the file's order, which is that of the labels.
      images: in the file's order.
      faults: one line each.
    """

    categories: dict[int, str]
    images: list[BoxedImage] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read_coco(content: bytes, where: str) -> CocoAnnotations:
    """Reads the categories, images and boxes of a file of annotations.

    An annotation without `iscrowd` is no crowd, one without `area` has its box's, one without `id`
    is counted from 1.

    Args:
      content: of the file.
      where: its name, for messages.

    Raises:
      DataError: it is no such file.
    """
    try:
        parsed = json.loads(content)
    except ValueError as error:
        raise DataError(f"{where} is no JSON: {first_line(error)}") from error
    for part in ("images", "annotations", "categories"):
        records = parsed.get(part) if isinstance(parsed, dict) else None
        if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
            raise DataError(f"{where} is no JSON of COCO: it has no list of {part}")
    faults: list[str] = []
    categories = _by_id(parsed["categories"], f"{where}: category", faults)
    by_id = _by_id(parsed["images"], f"{where}: image", faults)
    boxes: defaultdict[int, list[Box]] = defaultdict(list)
    for number, annotation in enumerate(parsed["annotations"], 1):
        image = annotation.get("image_id")
        box = _box(annotation, number)
        if box is None:
            faults.append(
                f"{where}: annotation {annotation.get('id', number)} of image {image} must have a "
                f"bbox of x, y, width and height, got {annotation.get('bbox')!r}"
            )
        elif image not in by_id:
            faults.append(f"{where}: annotation {box.number} is of image {image}, which is none")
        else:
            boxes[image].append(box)
    names = {key: str(record.get("name", "")) for key, record in categories.items()}
    images = []
    for key, record in by_id.items():
        ordered = tuple(sorted(boxes[key], key=lambda box: box.number))
        height, width = (record.get(side) or 0 for side in ("height", "width"))
        images.append(BoxedImage(str(record.get("file_name", "")), key, height, width, ordered))
    return CocoAnnotations(names, images, faults)


def _by_id(records: Any, what: str, faults: list[str]) -> dict[int, Mapping[str, Any]]:
    found: dict[int, Mapping[str, Any]] = {}
    for record in records:
        key = record.get("id")
        if not isinstance(key, int):
            faults.append(f"{what} ids must be whole numbers, got {key!r}")
        elif key in found:
            faults.append(f"{what} id {key} is there twice")
        else:
            found[key] = record
    return found


def _box(annotation: Mapping[str, Any], number: int) -> Box | None:
    bbox = annotation.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4:
        return None
    if not all(isinstance(value, numbers.Real) for value in bbox):
        return None
    x, y, width, height = bbox
    area, identity = annotation.get("area"), annotation.get("id")
    return Box(
        x,
        y,
        x + width,
        y + height,
        annotation.get("category_id"),
        width * height if area is None else area,
        identity if isinstance(identity, int) else number,
        bool(annotation.get("iscrowd", 0)),
    )
