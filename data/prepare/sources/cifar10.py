"""CIFAR-10."""

from functools import partial
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from data.description import PUBLISHED
from data.errors import DataError, first_line
from data.prepare.contents import Contents, Split
from data.prepare.counts import check_counts
from data.prepare.files import Files, from_archive_or_folder, in_tar_gz
from data.prepare.labels import as_png
from data.prepare.pickled import Batch, read_batch
from data.spec import Example

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_BATCHES = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}
_SIDE = 32
_IMAGE_BYTES = 3 * _SIDE * _SIDE
_PNG_BYTES = 2_400


def cifar10(source: Path) -> Contents:
    """CIFAR-10, from cifar-10-binary.tar.gz or cifar-10-python.tar.gz.

    It may be unpacked. What is written is TFDS's own `cifar10:3.0.2`, in its order.
    """
    files = _files(source)
    splits = {split: _joined(files, names) for split, names in _BATCHES.items()}
    found = {split: len(batch.labels) for split, batch in splits.items()}
    check_counts(source, found, PUBLISHED["cifar10"])
    return Contents(
        name="cifar10",
        version="3.0.2",
        features={
            "id": tfds.features.Text(),
            "image": tfds.features.Image(shape=(_SIDE, _SIDE, 3)),
            "label": tfds.features.ClassLabel(names=CLASSES),
        },
        splits={
            split: Split(
                dict.fromkeys(range(found[split]), _PNG_BYTES), partial(_example, split, batch)
            )
            for split, batch in splits.items()
        },
        supervised_keys=("image", "label"),
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    )


def _example(split: str, batch: Batch, index: int) -> Example:
    pixels = batch.images[index].reshape(3, _SIDE, _SIDE).transpose(1, 2, 0)
    return {
        "id": f"{split}_{index:05d}",
        "image": as_png(np.ascontiguousarray(pixels)),
        "label": batch.labels[index],
    }


def _files(source: Path) -> Files:
    """The batches, of whichever form is there."""
    missing = []
    for form, folder in (("binary", "cifar-10-batches-bin"), ("python", "cifar-10-batches-py")):
        try:
            return from_archive_or_folder(source, f"cifar-10-{form}.tar.gz", folder, in_tar_gz)
        except FileNotFoundError as error:
            missing.append(str(error))
    raise FileNotFoundError("; or ".join(missing))


def _joined(files: Files, names: list[str]) -> Batch:
    batches = [_batch(files, name) for name in names]
    labels = [label for batch in batches for label in batch.labels]
    return Batch(labels, np.concatenate([batch.images for batch in batches]))


def _batch(files: Files, name: str) -> Batch:
    try:
        if f"{name}.bin" in files.sizes:
            rows = np.frombuffer(files.read(f"{name}.bin"), np.uint8).reshape(-1, 1 + _IMAGE_BYTES)
            batch = Batch(rows[:, 0].tolist(), rows[:, 1:])
        elif name in files.sizes:
            batch = read_batch(files.read(name), _IMAGE_BYTES)
        else:
            raise FileNotFoundError(f"{files.where} has no {name}")
    except ValueError as error:
        raise DataError(
            f"{files.where}: {name} is no batch of CIFAR-10: {first_line(error)}"
        ) from error
    if max(batch.labels) >= len(CLASSES):
        raise DataError(f"{files.where}: {name} has label {max(batch.labels)}, allowed are 0 to 9")
    return batch
