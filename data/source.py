"""Random access to a prepared TFDS data set's undecoded examples."""

import dataclasses
import itertools
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from tensorflow_datasets.core.read_only_builder import builder_from_files

import registry
from data.errors import DataError, first_line
from data.files import check_files
from data.locate import cache_directory, data_directory, how_to_prepare
from data.spec import Example
from data.write_set import write_set

# Reading records together is faster than one by one within a file, but starts a thread for each
# file: 14 against 67 microseconds a CIFAR-10 record in 1 file, 54 against 5 in 256 files. Large
# ones are copied once more: 220 against 130 microseconds an ImageNet record of 110 kB in 1 file.
FEW_FILES = 8
SMALL_RECORD = 20_000
# A set of so few bytes is read once and kept: reading and parsing take half of a digit's time.
KEPT = 1_000_000
#: Features that name an example, the best first; `image/filename` and the like count too.
NAMES = ("file_name", "filename", "id")


@dataclass(frozen=True)
class Source:
    """One split of a data set: `len(source)` examples, of which `source[i]` is one.

    An example is a dict, in which images are encoded bytes and text is bytes.

    Attributes:
      name: such as `imagenet2012` or `bccd:1.0.0`.
      split: such as `train` or `train[:90%]`.
      features: TFDS's own, of an example.
      metadata: that the data set has beside its features, such as `class_names`.
      examples: TFDS's own data source; of a tiny set a list of all.
      files: that hold the split, in its order.
      file_ends: number of the split's examples up to the end of each file.
      record_bytes: of the data set's average example, encoded.
    """

    name: str
    split: str
    features: Mapping[str, Any]
    metadata: Mapping[str, Any]
    examples: Sequence[Example]
    files: tuple[str, ...]
    file_ends: tuple[int, ...]
    record_bytes: float

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return self.read([index])[0]

    def __iter__(self) -> Iterator[Example]:
        return (self[index] for index in range(len(self)))

    def read(self, indices: Sequence[int]) -> Sequence[Example]:
        """Reads the examples at `indices`, in that order.

        Raises:
          DataError: a file is damaged or gone; the message names it.
        """
        few, small = len(self.files) < FEW_FILES, self.record_bytes < SMALL_RECORD
        if few and small and not isinstance(self.examples, list):
            return self._read_together(indices)
        try:
            return [self.examples[index] for index in indices]
        except Exception as error:
            raise self._unreadable(error, indices) from error

    def name_of(self, example: Example, index: int) -> str:
        """Returns what messages call an example: its file name or id, else its index."""
        for name in NAMES:
            for feature, value in example.items():
                if feature.rpartition("/")[2] == name:
                    return (
                        value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                    )
        return f"example {index}"

    def _read_together(self, indices: Sequence[int]) -> Sequence[Example]:
        try:
            return self.examples.__getitems__(indices)  # type: ignore[attr-defined]
        except Exception as error:
            raise self._unreadable(error, indices) from error

    def _unreadable(self, error: Exception, indices: Sequence[int]) -> DataError:
        # array_record's errors do not say which of the files they are about.
        for index in indices:
            try:
                self.examples[index]
            except Exception as own_error:
                file = self.files[bisect_right(self.file_ends, index)]
                return DataError(f"{file} is damaged or gone ({first_line(own_error)})")
        return DataError(f"{self.files[0]} or one beside it is damaged ({first_line(error)})")


def open_source(
    name: str, split: str, data_dir: str | os.PathLike | None = None, *, write: bool = True
) -> Source:
    """Opens one split of a data set that is on disk. Nothing is downloaded.

    A data set of `data/sets` is made on first use, such as `digits` from the copy that
    scikit-learn carries.

    Args:
      name: `NAME`, `NAME/CONFIG` or either with `:VERSION`; without a version the newest on disk.
      split: a TFDS split or part of one: `train`, `train[:90%]`, `train[100:200]`.
      data_dir: where TFDS data sets lie; None for `$TFDS_DATA_DIR` or `~/tensorflow_datasets`.
      write: whether a set of `data/sets` that is not there yet is made.

    Raises:
      FileNotFoundError: the data set is not there; the message has the command that prepares it.
      ValueError: it has no such split, or an empty one, or its files have no random access
        (TFRecord).
      DataError: a file of it is damaged or missing; the message names it.
    """
    builder = _find(name, data_directory(data_dir), write)
    info, features = builder.info, builder.info.features
    try:
        part = info.splits[split]
    except ValueError as error:
        raise no_such_split(name, split, info.splits, error) from error
    if not part.num_examples:
        raise ValueError(f"{name} has no examples in {split!r}. Its splits are {list(info.splits)}")
    skip = {
        key: tfds.decode.SkipDecoding()
        for key, feature in features.items()
        if isinstance(feature, tfds.features.Image)
    }
    try:
        examples = builder.as_data_source(split, decoders=skip)
    except NotImplementedError as error:
        raise ValueError(
            f"{name} in {builder.data_dir} is stored as {info.file_format.value}, which "
            "has no random access; move it away and prepare it again: "
            f"{how_to_prepare(name, data_directory(data_dir))}"
        ) from error
    files = part.file_instructions
    check_files({os.fspath(file.filename): file.examples_in_shard for file in files})
    source = Source(
        name=name,
        split=split,
        features=features,
        metadata=info.metadata or {},
        examples=examples,
        files=tuple(os.fspath(file.filename) for file in files),
        file_ends=tuple(itertools.accumulate(file.take for file in files)),
        # Of all splits: for a part of one TFDS does not know it.
        record_bytes=info.dataset_size / max(1, info.splits.total_num_examples),
    )
    if info.dataset_size < KEPT:
        return dataclasses.replace(source, examples=list(source._read_together(range(len(source)))))
    return source


def no_such_split(name: str, split: str, splits: Iterable[str], error: Exception) -> ValueError:
    """The one line for a split that TFDS refused."""
    reason = str(error).strip().splitlines()[-1].rstrip(".")
    return ValueError(
        f"{name} has no split {split!r}: {reason}. "
        f"Its splits are {list(splits)}, or parts such as 'train[:90%]'"
    )


def _find(name: str, data_dir: Path, write: bool) -> tfds.core.DatasetBuilder:
    plain = name.partition(":")[0]
    is_ours = plain in registry.names("data.sets")
    searched = [data_dir, cache_directory()] if is_ours else [data_dir]
    for directory in searched:
        # From the files, not through `tfds.builder`: TFDS has classes of its own for many names,
        # which insist on one version and may differ from what lies on disk.
        try:
            return builder_from_files(name, data_dir=directory)
        except tfds.core.DatasetNotFoundError:
            continue
        except Exception as error:  # of JSON, protobuf and TFDS, for a file that is damaged
            raise DataError(
                f"{directory / plain} holds a data set whose dataset_info.json or features.json "
                f"cannot be read ({first_line(error)})"
            ) from error
    if is_ours and name == plain:
        if not write:
            raise FileNotFoundError(f"data set {name!r} is written when it is used first")
        # The cache first: a data directory may be shared, and nobody asked to add to it.
        written = write_set(registry.find("data.sets", name), searched[::-1])
        return builder_from_files(name, data_dir=written)
    raise FileNotFoundError(
        f"data set {name!r} is not in {data_dir}; prepare it with {how_to_prepare(name, data_dir)} "
        "or set config.data.data_dir or TFDS_DATA_DIR"
    )
