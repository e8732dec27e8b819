"""Images of one's own with a class each."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import tensorflow_datasets as tfds

from data.prepare.class_lists import check_classes
from data.prepare.contents import Contents, Split
from data.prepare.faults import refuse
from data.prepare.files import Files, in_folder
from data.prepare.find_images import is_image
from data.prepare.splits import TRAIN, divided, in_order, split_of_folder, splits_of_lists
from data.spec import Example


def folder(source: Path, *, name: str, split: float = 0.9) -> Contents:
    """Images with a class each, from a folder a class in DIR, or a CSV there of file,label.

    Class folders may lie in folders that are called train, val or validation, test; CSV files may
    be several, with such names. Otherwise all are divided into train and validation by the hash of
    their names; --split is the share of train. The CSV's first line is file,label; files are
    relative to DIR.
    """
    files = in_folder(source)
    lists = [file for file in files.sizes if "/" not in file and file.lower().endswith(".csv")]
    splits = _listed(files, lists) if lists else _in_folders(files)
    classes = sorted({label for images in splits.values() for label in images.values()})
    if not classes:
        raise FileNotFoundError(f"{source} holds neither folders of images nor a CSV file")
    check_classes(classes, source)
    if len(classes) == 1:
        raise ValueError(f"{source} holds images of one class only: {classes[0]!r}")
    if len(splits) == 1:
        splits = divided(splits.popitem()[1], split, source)
    labels = {label: number for number, label in enumerate(classes)}
    class_of = {file: label for images in splits.values() for file, label in images.items()}

    def read(file: str) -> Example:
        label = labels[class_of[file]]
        return {"file_name": os.fsencode(file), "image": files.read(file), "label": label}

    return Contents(
        name=name,
        features={
            "file_name": tfds.features.Text(),
            "image": tfds.features.Image(),
            "label": tfds.features.ClassLabel(names=classes),
        },
        splits={
            part: Split({file: files.sizes[file] for file in images}, read)
            for part, images in in_order(splits).items()
        },
        supervised_keys=("image", "label"),
        aside=[file for file in files.sizes if file not in class_of and file not in lists],
    )


def _in_folders(files: Files) -> dict[str, dict[str, str]]:
    """Split -> image -> class, by the folders that they are in."""
    paths = {file: file.split("/") for file in files.sizes if is_image(file)}
    outer = {parts[0] for parts in paths.values() if len(parts) > 1}
    # A class may be called train; all of them are not called like splits.
    depth = 1 if outer and all(map(split_of_folder, outer)) else 0
    splits: dict[str, dict[str, str]] = {}
    for file, parts in paths.items():
        if len(parts) > depth + 1:
            part = split_of_folder(parts[0]) if depth else TRAIN
            splits.setdefault(part or TRAIN, {})[file] = parts[depth]
    return splits


def _listed(files: Files, lists: list[str]) -> dict[str, dict[str, str]]:
    """Split -> image -> class, by CSV files."""
    splits: dict[str, dict[str, str]] = {}
    faults: list[str] = []
    for path, part in splits_of_lists(lists, files.where).items():
        images = splits.setdefault(part or TRAIN, {})
        for where, file, label in _rows(files, path):
            if file not in files.sizes:
                faults.append(f"{where}: there is no file {file!r}")
            elif not label:
                faults.append(f"{where}: {file!r} has no label")
            elif any(file in others for others in splits.values()):
                faults.append(f"{where}: {file!r} is there twice")
            else:
                images[file] = label
    refuse(faults)
    return splits


def _rows(files: Files, path: str) -> Iterator[tuple[str, str, str]]:
    """(place, file, label) of each row."""
    try:
        rows = csv.reader(files.read(path).decode("utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text: {error}") from error
    header = [cell.strip() for cell in next(rows, [])]
    if header != ["file", "label"]:
        raise ValueError(f"{path}: the first line must be 'file,label', got {','.join(header)!r}")
    for number, row in enumerate(rows, 2):
        if row:
            file, label = (row[0].strip(), row[1].strip()) if len(row) == 2 else (",".join(row), "")
            yield f"{path}, line {number}", file.removeprefix("./"), label
