"""PASCAL VOC 2012 for segmentation, with the labels of SBD."""

import io
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from data.decode import decode_labels
from data.errors import DataError
from data.prepare.contents import Contents, Split
from data.prepare.counts import check_counts
from data.prepare.files import Files, from_archive_or_folder, in_tar, in_tar_gz
from data.prepare.labels import as_png, checked_labels
from data.spec import Example
from data.voc import CLASSES, COUNTS

VOC_ARCHIVE = "VOCtrainval_11-May-2012.tar"
SBD_ARCHIVE = "benchmark.tgz"


def voc2012_segmentation(source: Path) -> Contents:
    """VOC 2012 segmentation, from VOCtrainval_11-May-2012.tar and SBD's benchmark.tgz.

    Either may be unpacked. Of the splits, `train` and `validation` are VOC's own; `trainaug` is all
    that VOC's train and SBD's train and val have together, without VOC's validation. Images that
    VOC has labelled itself keep its labels, which have a border of 255 around objects; those of
    SBD have none.
    """
    voc = from_archive_or_folder(source, VOC_ARCHIVE, "VOCdevkit/VOC2012", in_tar)
    sbd = from_archive_or_folder(
        source, SBD_ARCHIVE, "benchmark_RELEASE/dataset", partial(in_tar_gz, wanted=_of_sbd)
    )
    train = _names(voc, "ImageSets/Segmentation/train.txt")
    validation = _names(voc, "ImageSets/Segmentation/val.txt")
    further = _names(sbd, "train.txt") | _names(sbd, "val.txt")
    splits = {
        "train": train,
        "trainaug": (train | further) - validation,
        "validation": validation,
    }
    check_counts(source, {split: len(names) for split, names in splits.items()}, COUNTS)
    if shared := splits["trainaug"] & validation:
        raise ValueError(f"{source}: train and validation share {', '.join(sorted(shared))}")
    own = train | validation
    needed = [(voc, f"JPEGImages/{name}.jpg") for name in splits["trainaug"] | own]
    needed += [(voc, _png(name)) for name in own]
    needed += [(sbd, _mat(name)) for name in splits["trainaug"] - own]
    for files, name in needed:
        if name not in files.sizes:
            raise FileNotFoundError(f"{files.where} has no {name}")

    def read(name: str) -> Example:
        image = voc.read(f"JPEGImages/{name}.jpg")
        labels = decode_labels(voc.read(_png(name))) if name in own else _of_mat(sbd, _mat(name))
        label = as_png(checked_labels(name, image, labels, CLASSES))
        return {"id": name, "image": image, "segmentation_label": label}

    return Contents(
        name="voc2012_segmentation",
        features={
            "id": tfds.features.Text(),
            "image": tfds.features.Image(encoding_format="jpeg"),
            "segmentation_label": tfds.features.Image(
                shape=(None, None, 1), encoding_format="png", use_colormap=True
            ),
        },
        splits={
            split: Split({name: voc.sizes[f"JPEGImages/{name}.jpg"] for name in names}, read)
            for split, names in splits.items()
        },
        metadata={"class_names": CLASSES, "void_label": 255},
        supervised_keys=("image", "segmentation_label"),
        homepage="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
        nested=frozenset({"train", "trainaug"}),
    )


def _of_sbd(name: str) -> bool:
    return "/cls/" in name or name.endswith(".txt")


def _names(files: Files, name: str) -> set[str]:
    if name not in files.sizes:
        raise FileNotFoundError(f"{files.where} has no {name}")
    return set(files.read(name).decode().split())


def _png(name: str) -> str:
    return f"SegmentationClass/{name}.png"


def _mat(name: str) -> str:
    return f"cls/{name}.mat"


def _of_mat(files: Files, name: str) -> np.ndarray:
    from scipy.io import loadmat  # slow to import

    try:
        return loadmat(io.BytesIO(files.read(name)))["GTcls"]["Segmentation"][0, 0]
    except Exception as error:  # of many kinds, for a file that is damaged
        raise DataError(f"{files.where}: {name} is no MATLAB file of SBD") from error
