"""Images with boxes of one's own, annotated in COCO's JSON."""

from dataclasses import dataclass
from pathlib import Path

from data.prepare.boxes import BoxedImage, box_example, box_faults, box_features, with_sizes
from data.prepare.class_lists import check_classes
from data.prepare.coco_annotations import CocoAnnotations, read_coco
from data.prepare.contents import Contents, Split
from data.prepare.faults import refuse
from data.prepare.files import Files, in_folder
from data.prepare.find_images import ImageFinder
from data.prepare.splits import TRAIN, divided, in_order, splits_of_lists
from data.spec import Example


def coco_json(source: Path, *, name: str, split: float = 0.9) -> Contents:
    """Images with boxes, from COCO JSON and the images that it names, anywhere below DIR.

    Several JSON files are a split each: train, val or validation, test, by a word of the file's
    name or by its folder. One alone is divided into train and validation by the hash of the images'
    names; --split is the share of train. The ids of images, annotations and categories are kept.

    A box with iscrowd stands for many objects: it is left out in training, and in evaluation what
    is found in it counts neither way.
    """
    files = in_folder(source)
    found = [file for file in files.sizes if file.lower().endswith(".json")]
    if not found:
        raise FileNotFoundError(f"{source} holds no .json file")
    lists = splits_of_lists(found, source)
    finder = ImageFinder(files.sizes)
    annotations = {json: read_coco(files.read(json), json) for json in lists}
    faults: list[str] = []
    categories = _categories(annotations, faults)
    labels = {key: label for label, key in enumerate(categories)}
    splits: dict[str, dict[str, BoxedImage]] = {}
    for json, read in annotations.items():
        faults += read.faults
        images = _by_file(read.images, finder, json, lists[json], faults)
        images = with_sizes(images, files.read, faults)
        for image in images.values():
            faults += box_faults(image, json, labels)
        splits[lists[json] or TRAIN] = images
    refuse(faults)
    if len(splits) == 1:
        splits = divided(splits.popitem()[1], split, source)
    splits = in_order(splits)
    readers = {part: _Reader(files, images, labels) for part, images in splits.items()}
    return Contents(
        name=name,
        features=box_features(list(categories.values())),
        splits={
            part: Split({file: files.sizes[file] for file in images}, readers[part].read)
            for part, images in splits.items()
        },
        metadata={"category_ids": list(categories)},
    )


@dataclass(frozen=True)
class _Reader:
    files: Files
    images: dict[str, BoxedImage]
    labels: dict[int, int]

    def read(self, file: str) -> Example:
        return box_example(self.images[file], self.files.read(file), self.labels)


def _categories(annotations: dict[str, CocoAnnotations], faults: list[str]) -> dict[int, str]:
    first, *others = annotations
    categories = annotations[first].categories
    check_classes(list(categories.values()), first)
    for other in others:
        if annotations[other].categories != categories:
            faults.append(f"{other} has other categories than {first}")
    return categories


def _by_file(
    images: list[BoxedImage], finder: ImageFinder, json: str, split: str | None, faults: list[str]
) -> dict[str, BoxedImage]:
    found: dict[str, BoxedImage] = {}
    for image in images:
        try:
            file = finder.find(image.name, json, split)
        except ValueError as error:
            faults.append(str(error))
            continue
        if file in found:
            faults.append(f"{json}: images {found[file].number} and {image.number} are both {file}")
        found[file] = image
    return found
