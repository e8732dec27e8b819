"""Images with boxes of one's own, annotated in PASCAL VOC's XML."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path, PurePosixPath

from data.prepare.boxes import Box, BoxedImage, box_example, box_faults, box_features, with_sizes
from data.prepare.class_lists import check_classes, class_list
from data.prepare.contents import Contents, Split
from data.prepare.faults import refuse
from data.prepare.files import Files, in_folder
from data.prepare.find_images import ImageFinder, is_image
from data.prepare.splits import divided, in_order, split_of_folder, split_of_path
from data.spec import Example


def voc_xml(source: Path, *, name: str, classes: str = "", split: float = 0.9) -> Contents:
    """Images with boxes, from VOC XML files and images of the same names, anywhere below DIR.

    The splits are those of ImageSets/Main/{train,val,test}.txt, else those of folders that are
    called train, val or validation, test. Without either, all are divided into train and validation
    by the hash of their names; --split is the share of train. --classes gives the class names in
    their order, separated by commas or one a line in a file; without it they are those of the
    objects, sorted. Coordinates are taken as they stand.

    Objects that are difficult are trained as any other; in evaluation, whether they are found
    counts neither way.
    """
    files = in_folder(source)
    annotations = [file for file in files.sizes if file.lower().endswith(".xml")]
    if not annotations:
        raise FileNotFoundError(f"{source} holds no .xml file")
    listed = _listed(files)
    finder = ImageFinder(files.sizes)
    faults: list[str] = []
    images: dict[str, BoxedImage] = {}
    split_of: dict[str, str | None] = {}
    xml_of: dict[str, str] = {}
    unlisted = []
    count = 0
    for xml in annotations:
        stem = PurePosixPath(xml).stem
        if listed and stem not in listed:
            unlisted.append(xml)
            continue
        part = listed.get(stem) or split_of_path(xml)
        try:
            file = finder.find(stem, xml, part)
            boxes = _boxes(files.read(xml), xml, count)
        except ValueError as error:
            faults.append(str(error))
            continue
        if file in images:
            faults.append(f"{xml_of[file]} and {xml} are both of {file}")
        count += len(boxes)
        images[file] = BoxedImage(file, len(images) + 1, 0, 0, boxes)
        split_of[file], xml_of[file] = part, xml
    images = with_sizes(images, files.read, faults)
    names = class_list(classes) if classes else _names(images, source)
    labels = {category: label for label, category in enumerate(names)}
    for file, image in images.items():
        faults += box_faults(image, xml_of[file], labels)
    parts = set(filter(None, split_of.values()))
    if parts:
        faults += [f"{xml_of[file]} is in no split" for file in images if not split_of[file]]
    refuse(faults)
    splits = {part: {f: i for f, i in images.items() if split_of[f] == part} for part in parts}
    if len(splits) < 2:
        splits = divided(images, split, source)

    def read(file: str) -> Example:
        return box_example(images[file], files.read(file), labels)

    alone = [file for file in files.sizes if is_image(file) and file not in images]
    return Contents(
        name=name,
        features=box_features(names, difficult=True),
        splits={
            part: Split({file: files.sizes[file] for file in members}, read)
            for part, members in in_order(splits).items()
        },
        metadata={"category_ids": list(range(1, len(names) + 1))},
        aside=unlisted + alone,
    )


def _listed(files: Files) -> dict[str, str]:
    """Name of an image -> split, of the lists in `ImageSets/Main`."""
    listed = {}
    for name in files.sizes:
        path = PurePosixPath(name)
        part = split_of_folder(path.stem)
        if part and path.suffix == ".txt" and path.parts[-3:-1] == ("ImageSets", "Main"):
            lines = files.read(name).decode().splitlines()
            listed.update({line.split()[0]: part for line in lines if line.strip()})
    return listed


def _boxes(content: bytes, xml: str, count: int) -> tuple[Box, ...]:
    """The objects of a file, numbered from `count` on."""
    try:
        objects = ElementTree.fromstring(content).findall("object")
    except ElementTree.ParseError as error:
        raise ValueError(f"{xml} is no XML: {error}") from error
    return tuple(_box(item, xml, count + number) for number, item in enumerate(objects, 1))


def _box(item: ElementTree.Element, xml: str, number: int) -> Box:
    category = (item.findtext("name") or "").strip()
    texts = {edge: item.findtext(f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax")}
    try:
        left, top, right, bottom = (float(text or "none") for text in texts.values())
    except ValueError:
        raise ValueError(
            f"{xml}: an object {category!r} must have a bndbox of four numbers, got {texts}"
        ) from None
    difficult = (item.findtext("difficult") or "0").strip() in ("1", "true", "True")
    area = (right - left) * (bottom - top)
    return Box(left, top, right, bottom, category, area, number, is_difficult=difficult)


def _names(images: dict[str, BoxedImage], source: Path) -> list[str]:
    names = sorted({box.category for image in images.values() for box in image.boxes})
    check_classes(names, source)
    return names
