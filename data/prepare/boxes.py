"""Images with boxes: checked, and as TFDS's `coco/2017` has them.

What the two marks do: a box `is_crowd` stands for many objects. It is left out in training, and in
evaluation detections within it count neither way, as in COCO's own evaluation. One that
`is_difficult` (VOC) is trained as any other, and in evaluation treated as a crowd.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow_datasets as tfds

from data.decode import image_size
from data.errors import DecodeError
from data.spec import Example

#: Pixels by which a box may reach beyond the image: labelling tools round, and some count from 1.
#: What is outside is cut off.
ROUNDING = 1.0


@dataclass(frozen=True)
class Box:
    """A box in pixels from the image's top left corner, `[left, right)` and `[top, bottom)`.

    Attributes:
      left, top, right, bottom: its edges.
      category: its class, as the source calls it.
      area: of the object.
      number: of the annotation, as the source counts.
      is_crowd: see the module.
      is_difficult: see the module; None in a source that does not know such.
    """

    left: float
    top: float
    right: float
    bottom: float
    category: Any
    area: float
    number: int
    is_crowd: bool = False
    is_difficult: bool | None = None


@dataclass(frozen=True)
class BoxedImage:
    """An image and its boxes.

    Attributes:
      name: as the source calls it.
      number: the source's id of it.
      height, width: pixels; 0 where the source does not say.
      boxes: any number, none too.
    """

    name: str
    number: int
    height: int
    width: int
    boxes: tuple[Box, ...]


def box_features(
    classes: Sequence[str],
    *,
    area: npt.DTypeLike = np.float32,
    difficult: bool = False,
    encoding: str | None = None,
) -> dict[str, Any]:
    """TFDS's features of such images."""
    objects = {
        "area": area,
        "bbox": tfds.features.BBoxFeature(),
        "id": np.int64,
        "is_crowd": np.bool_,
        "label": tfds.features.ClassLabel(names=classes),
    }
    if difficult:
        objects["is_difficult"] = np.bool_
    return {
        "image": tfds.features.Image(encoding_format=encoding),
        "image/filename": tfds.features.Text(),
        "image/id": np.int64,
        "objects": tfds.features.Sequence(objects),
    }


def box_example(image: BoxedImage, encoded: bytes, labels: Mapping[Any, int]) -> Example:
    """The example of an image.

    Args:
      image: checked.
      encoded: its file.
      labels: category -> label.
    """
    return {
        "image": encoded,
        "image/filename": os.fsencode(image.name),
        "image/id": image.number,
        "objects": [_object(box, image, labels) for box in image.boxes],
    }


def _object(box: Box, image: BoxedImage, labels: Mapping[Any, int]) -> dict[str, Any]:
    found = {
        "area": box.area,
        "bbox": tfds.features.BBox(
            ymin=_inside(box.top / image.height),
            xmin=_inside(box.left / image.width),
            ymax=_inside(box.bottom / image.height),
            xmax=_inside(box.right / image.width),
        ),
        "id": box.number,
        "is_crowd": box.is_crowd,
        "label": labels[box.category],
    }
    return found if box.is_difficult is None else found | {"is_difficult": box.is_difficult}


def box_faults(image: BoxedImage, where: str, labels: Mapping[Any, int]) -> Iterator[str]:
    """Says what is wrong with the boxes of an image whose size is known."""
    for box in image.boxes:
        edges = box.left, box.top, box.right, box.bottom
        named = f"{where}: box {box.number} of {image.name}"
        left, top, right, bottom = (f"{edge:g}" for edge in edges)
        if box.category not in labels:
            yield f"{named} has the unknown category {box.category!r}"
        if not all(map(math.isfinite, (*edges, box.area))):
            yield f"{named} has a number that is not finite: {left}, {top}, {right}, {bottom}"
        elif box.right <= box.left or box.bottom <= box.top:
            yield f"{named} is empty: x from {left} to {right}, y from {top} to {bottom}"
        elif (
            min(box.left, box.top) < -ROUNDING
            or box.right > image.width + ROUNDING
            or box.bottom > image.height + ROUNDING
        ):
            yield (
                f"{named} reaches outside of the image of {image.width} x {image.height} pixels: "
                f"x from {left} to {right}, y from {top} to {bottom}"
            )


def with_sizes(
    images: Mapping[str, BoxedImage], read: Callable[[str], bytes], faults: list[str]
) -> dict[str, BoxedImage]:
    """The images with their sizes, as their files have them.

    Args:
      images: by the name of their file.
      read: reads a file.
      faults: gets a line for each size that the source has otherwise.
    """

    def size_of(file: str) -> tuple[int, int] | None:
        try:
            return image_size(read(file))
        except DecodeError:  # It is left out, and named, when its turn comes.
            return None

    with ThreadPoolExecutor() as pool:
        sizes = dict(zip(images, pool.map(size_of, images), strict=True))
    found = {}
    for file, image in images.items():
        said = image.height, image.width
        height, width = sizes[file] or said
        if 0 not in said and said != (height, width):
            faults.append(
                f"{file} is {width} x {height} pixels, its annotation says {said[1]} x {said[0]}"
            )
        found[file] = replace(image, height=height, width=width)
    return found


def _inside(share: float) -> float:
    return min(max(float(share), 0.0), 1.0)
