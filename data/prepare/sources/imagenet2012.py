"""ImageNet, ILSVRC 2012."""

from pathlib import Path

import simplejpeg
import tensorflow_datasets as tfds

from data.decode import decode
from data.description import PUBLISHED
from data.errors import DataError
from data.prepare.contents import Contents, Split
from data.prepare.counts import check_counts
from data.prepare.files import in_tar, in_tar_of_tars
from data.spec import Example

TRAIN, VALIDATION = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
_LABELS = "datasets/imagenet2012/labels.txt"
_VALIDATION_LABELS = "datasets/imagenet2012/validation_labels.txt"


def imagenet2012(source: Path) -> Contents:
    """ImageNet 2012, from ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar.

    What is written is TFDS's own `imagenet2012:5.1.0`, in its order, without its test split. As
    there, the 22 images of CMYK and the one PNG become JPEGs of RGB.
    """
    for archive in (TRAIN, VALIDATION):
        if not (source / archive).is_file():
            raise FileNotFoundError(f"{source} must hold {archive}")
    train, validation = in_tar_of_tars(source / TRAIN), in_tar(source / VALIDATION)
    # Names alone: TFDS sorts by them.
    paths = {path.rpartition("/")[2]: path for path in train.sizes}
    found = {"train": len(paths), "validation": len(validation.sizes)}
    check_counts(source, found, PUBLISHED["imagenet2012"])
    classes = _lines(_LABELS)
    numbers = {name: number for number, name in enumerate(classes)}
    # The label files are of TFDS: those of the validation are in the order of its names.
    labels = dict(zip(sorted(validation.sizes), _lines(_VALIDATION_LABELS)))
    if unknown := {path.partition("/")[0] for path in paths.values()} - numbers.keys():
        raise DataError(f"{source / TRAIN} has {min(unknown)}.tar, which is no class of ImageNet")

    def read_train(name: str) -> Example:
        path = paths[name]
        return _example(name, train.read(path), numbers[path.partition("/")[0]])

    def read_validation(name: str) -> Example:
        return _example(name, validation.read(name), numbers[labels[name]])

    return Contents(
        name="imagenet2012",
        version="5.1.0",
        features={
            "image": tfds.features.Image(encoding_format="jpeg"),
            "label": tfds.features.ClassLabel(names=classes),
            "file_name": tfds.features.Text(),
        },
        splits={
            "train": Split({name: train.sizes[path] for name, path in paths.items()}, read_train),
            "validation": Split(validation.sizes, read_validation),
        },
        supervised_keys=("image", "label"),
        homepage="https://image-net.org/",
    )


def _example(name: str, encoded: bytes, label: int) -> Example:
    return {"image": _jpeg_of_rgb(encoded), "label": label, "file_name": name}


def _jpeg_of_rgb(encoded: bytes) -> bytes:
    try:
        space = simplejpeg.decode_jpeg_header(encoded)[2]
    except ValueError:  # no JPEG, or a broken one
        space = ""
    if space not in ("", "CMYK", "YCCK"):
        return encoded
    return simplejpeg.encode_jpeg(decode(encoded), quality=100)


def _lines(path: str) -> list[str]:
    return tfds.core.tfds_path(path).read_text().split()
