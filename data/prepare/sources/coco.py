"""COCO 2017, the boxes."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from data.prepare.boxes import BoxedImage, box_example, box_features
from data.prepare.coco_annotations import CocoAnnotations, read_coco
from data.prepare.contents import Contents, Split
from data.prepare.counts import check_counts
from data.prepare.faults import refuse
from data.prepare.files import Files, from_archive_or_folder, in_zip
from data.spec import Example

COUNTS = {"train": 118_287, "validation": 5_000}
_FOLDERS = {"train": "train2017", "validation": "val2017"}
_ANNOTATIONS = "annotations_trainval2017.zip"


def coco(source: Path) -> Contents:
    """COCO 2017, from train2017.zip, val2017.zip and annotations_trainval2017.zip.

    Each may be unpacked. What is written is TFDS's own `coco/2017:1.1.0`, without its test split:
    labels 0 to 79 in the order of the categories, areas cut to whole numbers. The few empty boxes
    of the official annotations are kept. The category ids are in the metadata.
    """
    lists = from_archive_or_folder(source, _ANNOTATIONS, "annotations", in_zip)
    files, annotations = {}, {}
    for split, folder in _FOLDERS.items():
        files[split] = from_archive_or_folder(source, f"{folder}.zip", folder, in_zip)
        annotations[split] = _read(lists, f"instances_{folder}.json")
    counts = {split: len(read.images) for split, read in annotations.items()}
    check_counts(source, counts, COUNTS)
    categories = annotations["train"].categories
    labels = {key: label for label, key in enumerate(categories)}
    splits = {split: _split(files[split], annotations[split].images, labels) for split in _FOLDERS}
    return Contents(
        name="coco",
        config="2017",
        version="1.1.0",
        features=box_features(list(categories.values()), area=np.int64, encoding="jpeg"),
        splits=splits,
        metadata={"category_ids": list(categories)},
        homepage="http://cocodataset.org/#home",
    )


def _read(lists: Files, name: str) -> CocoAnnotations:
    if name not in lists.sizes:
        raise FileNotFoundError(f"{lists.where} has no {name}")
    read = read_coco(lists.read(name), name)
    refuse(read.faults)
    return read


def _split(files: Files, images: list[BoxedImage], labels: dict[int, int]) -> Split:
    by_name = {image.name: _whole_areas(image) for image in images}
    refuse([f"{files.where} has no {name}" for name in by_name if name not in files.sizes])
    sizes = {name: files.sizes[name] for name in by_name}
    return Split(sizes, partial(_example, files, by_name, labels))


def _example(
    files: Files, images: dict[str, BoxedImage], labels: dict[int, int], name: str
) -> Example:
    return box_example(images[name], files.read(name), labels)


def _whole_areas(image: BoxedImage) -> BoxedImage:
    boxes = tuple(replace(box, area=int(box.area)) for box in image.boxes)
    return replace(image, boxes=boxes)
