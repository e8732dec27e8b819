"""Writes a data set as TFDS does: the same order, the same files, but no TensorFlow.

TFDS's own writer keeps up to a gigabyte in memory and goes through TensorFlow's files from there
on. Here the order is known before anything is read: many threads read, check and encode the next
examples, and one writes them.
"""

import contextlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from array_record.python.array_record_module import ArrayRecordWriter
from tensorflow_datasets.core.hashing import Hasher
from tensorflow_datasets.core.utils import shard_utils

from data.decode import decode
from data.errors import DecodeError, first_line
from data.prepare.contents import Contents, Key, Split
from data.prepare.faults import Faults
from data.prepare.in_order import in_order
from data.prepare.tally import Tally
from data.spec import Example

FORMAT = "array_record"
#: More broken images than this, and more than one, are a mistake of the source.
BROKEN_SHARE = 0.05


@dataclass(frozen=True)
class _Shard:
    """One file to write: its split and the keys of its examples, in order."""

    path: Path
    split: str
    keys: list[Key]


def set_folder(contents: Contents, data_dir: Path) -> Path:
    """Where a data set lies: `data_dir/NAME[/CONFIG]/VERSION`."""
    return data_dir / contents.name / contents.config / contents.version


def write(contents: Contents, folder: Path, advance: Callable[[], Any]) -> dict[str, Tally]:
    """Writes a data set into a folder that is empty or not there.

    Args:
      contents: of the data set.
      folder: its own, of its version.
      advance: called after each example.

    Returns:
      What was written of each split.

    Raises:
      ValueError: a file of the source cannot be used, or too many are broken.
      OSError: a file cannot be read or written.
    """
    folder.mkdir(parents=True)
    features = tfds.features.FeaturesDict(contents.features)
    tallies = {name: Tally() for name in contents.splits}
    shards = [shard for name in contents.splits for shard in _shards(contents, name, folder)]

    def read(split: str, key: Key) -> bytes | None:
        """An example as it is written; None for a broken one."""
        example = _read(contents.splits[split], key, tallies[split])
        return None if example is None else features.serialize_example(example)

    lengths: dict[str, list[tuple[int, int]]] = {name: [] for name in contents.splits}
    keys = [(shard.split, key) for shard in shards for key in shard.keys]
    with closing(in_order(read, keys)) as records:
        for shard in shards:
            own = itertools.islice(records, len(shard.keys))
            lengths[shard.split].append(_write_shard(shard.path, own, advance))
    for name, tally in tallies.items():
        _check_left_out(name, tally)
    _write_info(contents, features, folder, lengths)
    return tallies


def _write_shard(
    path: Path, records: Iterable[bytes | None], advance: Callable[[], Any]
) -> tuple[int, int]:
    """Writes a file; returns the number of its examples and their bytes."""
    count = size = 0
    writer = ArrayRecordWriter(os.fspath(path), "group_size:1")
    try:
        for record in records:
            if record is not None:
                with _os_errors(path):
                    writer.write(record)
                count, size = count + 1, size + len(record)
            advance()
    finally:
        with _os_errors(path):
            writer.close()
    return count, size


def _read(split: Split, key: Key, tally: Tally) -> Example | None:
    """An example whose image can be decoded; None for a broken one."""
    try:
        example = split.read(key)
        decode(example["image"])
    except DecodeError as error:
        tally.leave_out(key, str(error))
        return None
    tally.add(key, example)
    return example


@contextlib.contextmanager
def _os_errors(path: Path) -> Iterator[None]:
    """Says as others do that a disk is full: the writer of array_record has its own error."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(f"{path} cannot be written: {first_line(error)}") from error


def _shards(contents: Contents, split: str, folder: Path) -> list[_Shard]:
    """The files of a split: TFDS's order of keys and its number of files."""
    sizes = contents.splits[split].sizes
    hasher = Hasher(split)
    keys = sorted(sizes, key=lambda key: hasher.hash_key(os.fsencode(str(key))))
    number = shard_utils.ShardConfig().get_number_shards(sum(sizes.values()), len(keys))
    ends = shard_utils.get_shard_boundaries(len(keys), number)
    paths = _template(contents, split, folder).sharded_filepaths(number)
    starts = [0, *ends[:-1]]
    return [
        _Shard(Path(path), split, keys[start:end])
        for path, start, end in zip(paths, starts, ends, strict=True)
    ]


def _template(contents: Contents, split: str, folder: Path) -> Any:
    return tfds.core.ShardedFileTemplate(
        data_dir=folder, dataset_name=contents.name, split=split, filetype_suffix=FORMAT
    )


def _check_left_out(split: str, tally: Tally) -> None:
    broken, total = len(tally.left_out), len(tally.left_out) + tally.examples
    if not tally.examples or broken > max(1, BROKEN_SHARE * total):
        named = [f"{key}: {reason}" for key, reason in tally.left_out.items()]
        raise Faults(
            f"{broken} of {total} images of {split} are broken, which is more than "
            f"{BROKEN_SHARE:.0%}:",
            named,
        )


def _write_info(
    contents: Contents,
    features: tfds.features.FeaturesDict,
    folder: Path,
    lengths: dict[str, list[tuple[int, int]]],
) -> None:
    """Writes `dataset_info.json`, `features.json`, the class names and the metadata."""
    identity = tfds.core.DatasetIdentity(
        name=contents.name,
        version=tfds.core.Version(contents.version),
        data_dir=os.fspath(folder),
        module_name="",
        config_name=contents.config or None,
    )
    info = tfds.core.DatasetInfo(
        builder=identity,
        features=features,
        supervised_keys=contents.supervised_keys,
        metadata=tfds.core.MetadataDict(contents.metadata) if contents.metadata else None,
        homepage=contents.homepage,
    )
    info.set_file_format(FORMAT)
    splits = [
        tfds.core.SplitInfo(
            name=split,
            shard_lengths=[count for count, _ in shards],
            num_bytes=sum(size for _, size in shards),
            filename_template=_template(contents, split, folder),
        )
        for split, shards in lengths.items()
    ]
    info.set_splits(tfds.core.SplitDict(splits))
    info.write_to_directory(folder)
