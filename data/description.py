"""What a model and a trainer need to know of a data set, with its files or without."""

import dataclasses
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow_datasets as tfds

import registry
from data import voc
from data.classes import class_names
from data.coco import CATEGORIES, category_ids
from data.settings import Settings, read_settings
from data.source import no_such_split, open_source
from data.spec import ArraySpec

#: The room of the sets that are written on first use.
SETS = "data.sets"
#: Examples in the splits, as published: TFDS's code does not have them, its files do.
PUBLISHED = {
    "digits": {"train": 1_437, "test": 360},
    "cifar10": {"train": 50_000, "test": 10_000},
    "imagenet2012": {"train": 1_281_167, "validation": 50_000},
    "voc2012_segmentation": voc.COUNTS,
    "coco/2017": {"train": 118_287, "validation": 5_000},
}
#: The same of classes, where TFDS's own code needs TensorFlow to name them.
PUBLISHED_CLASSES = {
    "coco/2017": tuple(CATEGORIES.values()),
    "voc2012_segmentation": voc.CLASSES,
}


@dataclass(frozen=True)
class Description:
    """What a model and a trainer need to know of a data set.

    Attributes:
      train_examples: examples in the train split of the config, which may be part of a TFDS split.
      eval_examples: the same for the evaluation split.
      class_names: in the order of the labels; empty where no array holds classes.
      category_ids: the classes' numbers in the data set's own files; see
        :func:`data.coco.category_ids`.
      train_spec: array name -> spec of one training example. Batches have `mask` as well.
      eval_spec: the same for evaluation.
      missing: why the data set cannot be read yet, and what to do; empty if it can.
    """

    train_examples: int
    eval_examples: int
    class_names: tuple[str, ...]
    category_ids: tuple[int, ...]
    train_spec: Mapping[str, ArraySpec]
    eval_spec: Mapping[str, ArraySpec]
    missing: str = ""


def describe(config_data: Mapping[str, Any], *, write: bool = True) -> Description:
    """Opens both splits of the config and says what is in them.

    Args:
      config_data: the fields of :class:`data.settings.Settings` and of its preprocess.
      write: as for :func:`data.open_source`.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: a field of the config is wrong (see :func:`data.check`), there is no such split,
        it is empty or no array_record, or the data set lacks what the preprocess reads.
      DataError: a file is damaged or missing.
    """
    settings = read_settings(config_data)
    train, evaluation = (
        open_source(settings.name, split, settings.data_dir, write=write)
        for split in (settings.train_split, settings.eval_split)
    )
    names = class_names(
        train.name, train.features, train.metadata, settings.preprocess, settings.class_names
    )
    return _description(settings, len(train), len(evaluation), names, train.metadata)


def describe_without_files(config_data: Mapping[str, Any], unknown_size: int | None) -> Description:
    """:func:`describe`; of a data set that is not on disk, what is known without its files.

    Its features and classes are those of TFDS's own code, or the classes those of the config; its
    sizes the published ones. Nothing is downloaded, and nothing written.

    Args:
      config_data: as for :func:`describe`.
      unknown_size: examples to assume in a split that :data:`PUBLISHED` does not have, None to
        refuse it.

    Raises:
      FileNotFoundError: it is not on disk, TFDS does not know it, and the config has no classes.
      ValueError: as :func:`describe`, or its size is not known and none was given.
    """
    settings = read_settings(config_data)
    try:
        return describe(config_data, write=False)
    except FileNotFoundError as error:
        classes, missing = _classes_without_files(settings), str(error)
        if classes is None:
            raise
    names, metadata = classes
    train, evaluation = (
        _size_without_files(settings.name, split, unknown_size)
        for split in (settings.train_split, settings.eval_split)
    )
    about = _description(settings, train, evaluation, names, metadata)
    if settings.name.partition(":")[0] not in PUBLISHED:
        missing += f"; its size is not known and taken to be {unknown_size}"
    return dataclasses.replace(about, missing=missing)


def _description(
    settings: Settings,
    train_examples: int,
    eval_examples: int,
    names: tuple[str, ...],
    metadata: Mapping[str, Any],
) -> Description:
    specs = settings.preprocess.train_spec, settings.preprocess.eval_spec
    ids = category_ids(names, metadata)
    return Description(train_examples, eval_examples, names, ids, *specs)


def _classes_without_files(settings: Settings) -> tuple[tuple[str, ...], Mapping[str, Any]] | None:
    """Class names and metadata, as TFDS's code has them if not the config; None where neither."""
    plain, given = settings.name.partition(":")[0], settings.class_names
    if plain in PUBLISHED_CLASSES:
        return given or PUBLISHED_CLASSES[plain], {}
    with tempfile.TemporaryDirectory() as empty:
        try:
            own = plain in registry.names(SETS) and registry.find(SETS, plain)
            info = (own(data_dir=empty) if own else tfds.builder(plain, data_dir=empty)).info
        except (tfds.core.DatasetNotFoundError, ImportError):
            return (given, {}) if given else None
    metadata = info.metadata or {}
    return class_names(plain, info.features, metadata, settings.preprocess, given), metadata


def _size_without_files(name: str, split: str, unknown_size: int | None) -> int:
    size = _published_size(name, split) or unknown_size
    if size is None:
        raise ValueError(
            f"config.steps must be given: how many examples {name!r} has is not known without "
            f"its files, as it is of {', '.join(PUBLISHED)}."
        )
    return size


def _published_size(name: str, split: str) -> int | None:
    """Examples in a split or a part of one (`train[:90%]`); None where none are published."""
    sizes = PUBLISHED.get(name.partition(":")[0])
    if sizes is None:
        return None
    # TFDS does the sums; the files that it names for it need not exist.
    files = tfds.core.ShardedFileTemplate(data_dir="", dataset_name=name, filetype_suffix="none")
    splits = tfds.core.SplitDict(
        tfds.core.SplitInfo(name=part, shard_lengths=[size], num_bytes=0, filename_template=files)
        for part, size in sizes.items()
    )
    try:
        return splits[split].num_examples
    except ValueError as error:
        raise no_such_split(name, split, sizes, error) from error
