"""Batches for training and evaluation: a Grain pipeline of threads over a TFDS data set."""

from collections.abc import Callable, Mapping
from typing import Any

import grain
import numpy as np

from data.bad_images import BadImages
from data.classes import class_names
from data.make_batch import MakeBatch
from data.settings import Settings, read_settings
from data.shuffled import Shuffled
from data.source import Source, open_source
from data.spec import ROW, ArraySpec, Example

# More batches than anybody trains on; Grain counts in 64 bits.
ENDLESS = 2**62


class Batches:
    """An iterator over one process's rows of each batch. Use as a context manager, or close it.

    Each batch is a dict of the arrays in the preprocess's spec, with rows as the first axis, and
    `mask` bool `(rows,)`. A row whose mask is False is padding or an example that does not decode:
    its arrays are zeros and must not count.

    Attributes:
      bad_images: :class:`BadImages`, the examples that did not decode so far.
    """

    def __init__(self, iterator: grain.DatasetIterator, bad_images: BadImages):
        self._iterator = iterator
        self.bad_images = bad_images

    def __iter__(self) -> "Batches":
        return self

    def __next__(self) -> dict[str, np.ndarray]:
        return next(self._iterator)

    def close(self) -> None:
        """Stops the threads; they finish the batch that they are at."""
        self._iterator.close()

    def __enter__(self) -> "Batches":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def train_batches(
    config_data: Any,
    *,
    seed: int,
    batch_size: int,
    process_index: int = 0,
    process_count: int = 1,
    start_step: int = 0,
) -> Batches:
    """Endless training batches, in an order that depends on nothing but the seed.

    The examples form one endless stream, shuffled anew each epoch. Batch `s` of all processes
    together holds positions `s * batch_size` to `(s + 1) * batch_size - 1` of it; process `p` gets
    the `p`-th equal part of them. An example's augmentation is a function of the seed and its
    position. So a run may be resumed at any step, with any number of processes.

    Args:
      config_data: the fields of :class:`data.settings.Settings` and of its preprocess.
      seed: 0 or more.
      batch_size: over all processes.
      process_index: of this process.
      process_count: number of processes; divides `batch_size`.
      start_step: the first batch's number. Any number costs the same.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: as :func:`data.describe`, or a batch_size that the processes cannot share equally.
      DataError: a file is damaged; or while iterating, an example's label is not one that there is,
        or more than `max_bad_share` of the split does not decode.
    """
    rows = _rows(batch_size, process_count)
    settings = read_settings(config_data)
    source = open_source(settings.name, settings.train_split, settings.data_dir)

    def transform(example: Example, position: int) -> Mapping[str, Any]:
        return settings.preprocess.train(example, np.random.default_rng((seed, position)))

    order = Shuffled(len(source), seed)
    numbers = grain.MapDataset.range(
        start_step * process_count + process_index, ENDLESS, process_count
    )
    spec = settings.preprocess.train_spec
    return _batches(settings, source, numbers, order, transform, spec, rows)


def eval_batches(
    config_data: Any, *, batch_size: int, process_index: int = 0, process_count: int = 1
) -> Batches:
    """The evaluation split once, in its order, the last batch filled up with masked rows.

    Every process gets the same number of batches, and over all processes each example counts once.

    Args:
      config_data: as for :func:`train_batches`.
      batch_size: over all processes.
      process_index: of this process.
      process_count: number of processes; divides `batch_size`.

    Raises:
      FileNotFoundError, ValueError, DataError: as :func:`train_batches` does.
    """
    rows = _rows(batch_size, process_count)
    settings = read_settings(config_data)
    source = open_source(settings.name, settings.eval_split, settings.data_dir)

    def transform(example: Example, position: int) -> Mapping[str, Any]:
        return settings.preprocess.evaluate({**example, ROW: position})

    numbers = grain.MapDataset.range(
        process_index, -(-len(source) // batch_size) * process_count, process_count
    )
    spec = settings.preprocess.eval_spec
    # Positions beyond the split's end are padding.
    return _batches(settings, source, numbers, lambda positions: positions, transform, spec, rows)


def _rows(batch_size: int, process_count: int) -> int:
    rows, remainder = divmod(batch_size, process_count)
    if remainder or rows < 1:
        raise ValueError(f"batch_size {batch_size} is not a multiple of {process_count} processes")
    return rows


def _batches(
    settings: Settings,
    source: Source,
    numbers: grain.MapDataset,
    order: Callable[[np.ndarray], np.ndarray],
    transform: Callable[[Example, int], Mapping[str, Any]],
    spec: Mapping[str, ArraySpec],
    rows: int,
) -> Batches:
    """The batches of these numbers; batch `b` holds `rows` examples from position `b * rows` on.

    `order` says which examples are at some positions. Grain deals with the batches' numbers only;
    a batch is read and decoded in one go by :class:`MakeBatch`, straight into its arrays. That is
    faster than a Grain stage for each example. A late start does not go through the batches before.
    """
    names = class_names(source.name, source.features, source.metadata, settings.preprocess)
    split = f"{source.name} {source.split}"
    bad_images = BadImages(split, len(source), settings.max_bad_share)
    make_batch = MakeBatch(source, transform, spec, len(names), bad_images)

    def batch(number: int) -> dict[str, np.ndarray]:
        positions = np.arange(number * rows, (number + 1) * rows)
        return make_batch(positions, order(positions))

    threads = settings.threads
    options = grain.ReadOptions(threads, max(settings.prefetch, threads) if threads else 0)
    return Batches(iter(numbers.map(batch).to_iter_dataset(options)), bad_images)
