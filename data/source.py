"""Random access to a prepared TFDS data set's undecoded examples."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from tensorflow_datasets.core.read_only_builder import builder_from_files

from data.locate import cache_directory, data_directory, how_to_prepare

# Reading records together is faster than one by one within a file, but starts a thread for each
# file: 14 against 67 microseconds a CIFAR-10 record in 1 file, 54 against 5 in 256 files. Large
# ones are copied once more: 220 against 130 microseconds an ImageNet record of 110 kB in 1 file.
FEW_FILES = 8
SMALL_RECORD = 20_000
# A set of so few bytes is read once and kept: reading and parsing take half of a digit's time.
KEPT = 1_000_000


@dataclass(frozen=True)
class Source:
    """One split of a data set: `len(source)` examples, of which `source[i]` is one.

    An example is a dict, in which `image` is the encoded bytes and text is bytes.

    Attributes:
      name: such as `imagenet2012` or `bccd:1.0.0`.
      split: such as `train` or `train[:90%]`.
      class_names: of `label`, in order; empty where the data set has no class label.
      image_shape: `(height, width, channels)` of `image`, None for sides that vary.
      examples: TFDS's own data source; of a tiny set a list of all.
      num_files: that hold the split.
      record_bytes: of the data set's average example, encoded.
    """

    name: str
    split: str
    class_names: tuple[str, ...]
    image_shape: tuple[int | None, int | None, int]
    examples: Sequence[dict[str, Any]]
    num_files: int
    record_bytes: float

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.examples[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.examples)

    def read(self, indices: Sequence[int]) -> Sequence[dict[str, Any]]:
        """The examples at `indices`, in that order."""
        is_together_faster = self.num_files < FEW_FILES and self.record_bytes < SMALL_RECORD
        if is_together_faster and not isinstance(self.examples, list):
            return self.examples.__getitems__(indices)
        return [self.examples[index] for index in indices]

    @property
    def num_classes(self) -> int:
        """Number of classes, 0 where the data set has no class label."""
        return len(self.class_names)


def open_source(name: str, split: str, data_dir: str | os.PathLike | None = None) -> Source:
    """Opens one split of a data set that is on disk. Nothing is downloaded.

    `digits` is made on first use, from the copy that scikit-learn carries.

    Args:
      name: `NAME`, `NAME/CONFIG` or either with `:VERSION`; without a version the newest on disk.
      split: a TFDS split or part of one: `train`, `train[:90%]`, `train[100:200]`.
      data_dir: where TFDS data sets lie; None for `$TFDS_DATA_DIR` or `~/tensorflow_datasets`.

    Raises:
      FileNotFoundError: the data set is not there; the message has the command that prepares it.
      ValueError: it has no such split, or its files have no random access (TFRecord).
    """
    builder = _find(name, data_directory(data_dir))
    features = builder.info.features
    try:
        examples = builder.as_data_source(split, decoders={"image": tfds.decode.SkipDecoding()})
    except NotImplementedError as error:
        raise ValueError(
            f"{name} in {builder.data_dir} is stored as {builder.info.file_format.value}, which "
            "has no random access; move it away and prepare it again: "
            f"{how_to_prepare(name, data_directory(data_dir))}"
        ) from error
    except ValueError as error:
        raise no_such_split(name, split, builder.info.splits, error) from error
    if builder.info.dataset_size < KEPT:
        examples = list(examples.__getitems__(range(len(examples))))
    return Source(
        name=name,
        split=split,
        class_names=tuple(features["label"].names) if "label" in features else (),
        image_shape=features["image"].shape,
        examples=examples,
        num_files=len(builder.info.splits[split].file_instructions),
        # Of all splits: for a part of one TFDS does not know it.
        record_bytes=builder.info.dataset_size / max(1, builder.info.splits.total_num_examples),
    )


def no_such_split(name: str, split: str, splits: Iterable[str], error: Exception) -> ValueError:
    """The one line for a split that TFDS refused."""
    reason = str(error).strip().splitlines()[-1].rstrip(".")
    return ValueError(
        f"{name} has no split {split!r}: {reason}. "
        f"Its splits are {list(splits)}, or parts such as 'train[:90%]'"
    )


def _find(name: str, data_dir: Path) -> tfds.core.DatasetBuilder:
    searched = [data_dir]
    if name.partition(":")[0] == "digits":
        searched.append(cache_directory())
    for directory in searched:
        # From the files, not through `tfds.builder`: TFDS has classes of its own for many names,
        # which insist on one version and may differ from what lies on disk.
        try:
            return builder_from_files(name, data_dir=directory)
        except tfds.core.DatasetNotFoundError:
            continue
    if name == "digits":
        # Imported here: scikit-learn is needed for this data set only, and only once.
        from data.digits import prepare_digits

        # The cache first: a data directory may be shared, and nobody asked to add to it.
        return builder_from_files(name, data_dir=prepare_digits(searched[::-1]))
    raise FileNotFoundError(
        f"data set {name!r} is not in {data_dir}; prepare it with {how_to_prepare(name, data_dir)} "
        "or set data.data_dir or TFDS_DATA_DIR"
    )
