"""Images of one's own with a class for each pixel."""

import os
from pathlib import Path, PurePosixPath

import tensorflow_datasets as tfds

from data.decode import decode_labels
from data.errors import DecodeError
from data.prepare.class_lists import class_list
from data.prepare.contents import Contents, Split
from data.prepare.faults import refuse
from data.prepare.files import Files, in_folder
from data.prepare.find_images import is_image
from data.prepare.labels import VOID, as_png, checked_labels
from data.prepare.splits import divided, in_order, split_of_path
from data.spec import Example


def masks(source: Path, *, name: str, classes: str, split: float = 0.9) -> Contents:
    """Images with a class for each pixel, from DIR/images and PNG files in DIR/masks.

    An image and its mask have the same name. A pixel of a mask is the number of its class, from 0
    on, or 255 where it does not count; a palette's colours do not matter. --classes gives the class
    names in their order, separated by commas or one a line in a file. Below or above the two
    folders there may be folders that are called train, val or validation, test. Otherwise all are
    divided into train and validation by the hash of their names; --split is the share of train.
    """
    names = class_list(classes)
    if len(names) < 2:
        raise ValueError(f"--classes must name at least two classes, got {classes!r}")
    files = in_folder(source)
    images = _in_folder_called("images", files)
    mask_of = {
        key: file for key, file in _in_folder_called("masks", files).items() if _is_png(file)
    }
    if not images or not mask_of:
        missing = "images in a folder `images`" if not images else "PNG files in a folder `masks`"
        raise FileNotFoundError(f"{source} holds no {missing}")
    pairs = {image: mask_of.get(key, "") for key, image in images.items()}
    refuse(
        [f"{image} has no PNG of its name in masks" for image, mask in pairs.items() if not mask]
    )
    splits: dict[str, dict[str, str]] = {}
    for key, image in images.items():
        splits.setdefault(split_of_path(key) or "", {})[image] = pairs[image]
    if len(splits) > 1 and "" in splits:
        raise ValueError(f"{source}: {next(iter(splits['']))} is in no split's folder, others are")
    if len(splits) == 1:
        splits = divided(splits.popitem()[1], split, source)

    def read(image: str) -> Example:
        encoded = files.read(image)
        try:
            labels = decode_labels(files.read(pairs[image]))
        except DecodeError as error:
            raise DecodeError(f"its mask {pairs[image]}: {error}") from error
        label = as_png(checked_labels(pairs[image], encoded, labels, names))
        return {"file_name": os.fsencode(image), "image": encoded, "segmentation_label": label}

    used = {*pairs, *pairs.values()}
    return Contents(
        name=name,
        features={
            "file_name": tfds.features.Text(),
            "image": tfds.features.Image(),
            "segmentation_label": tfds.features.Image(
                shape=(None, None, 1), encoding_format="png", use_colormap=True
            ),
        },
        splits={
            part: Split({image: files.sizes[image] for image in members}, read)
            for part, members in in_order(splits).items()
        },
        metadata={"class_names": names, "void_label": VOID},
        supervised_keys=("image", "segmentation_label"),
        aside=[file for file in files.sizes if file not in used],
    )


def _in_folder_called(folder: str, files: Files) -> dict[str, str]:
    """Path without the folder of that name and without suffix -> image file."""
    found = {}
    for file in filter(is_image, files.sizes):
        path = PurePosixPath(file)
        parts = list(path.with_suffix("").parts)
        if folder in parts[:-1]:
            parts.remove(folder)
            found["/".join(parts)] = file
    return found


def _is_png(file: str) -> bool:
    return file.lower().endswith(".png")
