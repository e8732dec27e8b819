"""What a model and a trainer need to know of a data set, with its files or without."""

import tempfile
from dataclasses import dataclass
from typing import Any

import tensorflow_datasets as tfds

from data.augment import find_augment
from data.preprocess import find_preprocess
from data.source import no_such_split, open_source

#: Examples in the splits, as published: TFDS's code does not have them, its files do.
PUBLISHED = {
    "cifar10": {"train": 50_000, "test": 10_000},
    "imagenet2012": {"train": 1_281_167, "validation": 50_000},
}


@dataclass(frozen=True)
class Description:
    """What a model and a trainer need to know of a data set.

    Attributes:
      train_examples: examples in the train split of the config, which may be part of a TFDS split.
      eval_examples: the same for the evaluation split.
      class_names: of the labels, in order.
      image_shape: `(height, width, channels)` of a batch's images.
    """

    train_examples: int
    eval_examples: int
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return self.image_shape[2]


def describe(config_data: Any) -> Description:
    """Opens both splits of the config and says what is in them.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: no such split, not an array_record data set, an unknown preprocess, or an
        augmentation that these images cannot have.
    """
    train, evaluation = (
        open_source(config_data.name, split, config_data.data_dir)
        for split in (config_data.train_split, config_data.eval_split)
    )
    return Description(len(train), len(evaluation), train.class_names, _image_shape(config_data))


def describe_without_files(config_data: Any, unknown_size: int | None) -> Description:
    """:func:`describe`; of a data set that is not on disk, what is known without its files.

    Its classes are those of TFDS's own code, its sizes the published ones. Nothing is downloaded.

    Args:
      config_data: as for :func:`describe`.
      unknown_size: examples to assume in a split that :data:`PUBLISHED` does not have, None to
        refuse it.

    Raises:
      FileNotFoundError: it is not on disk and TFDS does not know it either.
      ValueError: as :func:`describe`, or its size is not known and none was given.
    """
    try:
        return describe(config_data)
    except FileNotFoundError:
        class_names = _class_names(config_data.name)
        if class_names is None:
            raise
        sizes = [
            _published_size(config_data.name, split) or unknown_size
            for split in (config_data.train_split, config_data.eval_split)
        ]
        if None in sizes:
            raise ValueError(
                f"config.steps must be given: how many examples {config_data.name!r} has is not "
                f"known without its files, as it is of {', '.join(PUBLISHED)}."
            ) from None
        return Description(*sizes, class_names, _image_shape(config_data))


def _image_shape(config_data: Any) -> tuple[int, int, int]:
    """`(height, width, channels)`; refuses a preprocess and augmentation that do not fit."""
    size, channels = config_data.image_size, find_preprocess(config_data.preprocess).channels
    find_augment(config_data, channels)
    return size, size, channels


def _class_names(name: str) -> tuple[str, ...] | None:
    """As TFDS's code has them; None where it does not know the set or cannot say."""
    with tempfile.TemporaryDirectory() as empty:
        try:
            features = tfds.builder(name.partition(":")[0], data_dir=empty).info.features
        except (tfds.core.DatasetNotFoundError, ImportError):
            return None
    return tuple(features["label"].names) if "label" in features else ()


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
