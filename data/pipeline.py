"""Batches for training and evaluation: a Grain pipeline of threads over a TFDS data set."""

from collections.abc import Callable
from typing import Any

import grain
import numpy as np

from data.augment import find_augment
from data.bad_images import BadImages
from data.make_batch import MakeBatch
from data.preprocess import find_preprocess
from data.shuffled import Shuffled
from data.source import Source, open_source

# More batches than anybody trains on; Grain counts in 64 bits.
ENDLESS = 2**62


class Batches:
    """An iterator over one process's rows of each batch. Use as a context manager, or close it.

    Each batch is a dict of `image` uint8 `(rows, size, size, channels)`, `label` int32 `(rows,)`
    and `mask` bool `(rows,)`. A row whose mask is False is padding or an image that does not
    decode: its image and label are zeros and must not count.

    Attributes:
      bad_images: :class:`BadImages`, the images that did not decode so far.
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
      config_data: attributes `name`, `data_dir` (None for TFDS's default), `train_split`,
        `image_size` (pixels), `preprocess` (`imagenet`, `cifar` or `digits`), those of
        :func:`data.augment.find_augment`, `threads`,
        `prefetch` (batches made ahead; at least one a thread) and `max_bad_share`.
      seed: 0 or more.
      batch_size: over all processes.
      process_index: of this process.
      process_count: number of processes; divides `batch_size`.
      start_step: the first batch's number. Any number costs the same.

    Raises:
      FileNotFoundError: the data set is not prepared; the message has the command that does it.
      ValueError: as :func:`data.describe`, or a batch_size that the processes cannot share equally.
      TooManyBadImages: while iterating, more than `max_bad_share` of the split does not decode.
    """
    rows = _rows(batch_size, process_count)
    source = open_source(config_data.name, config_data.train_split, config_data.data_dir)
    preprocess = find_preprocess(config_data.preprocess)
    augment = find_augment(config_data, preprocess.channels)

    def prepare(encoded: bytes, size: int, position: int) -> np.ndarray:
        rng = np.random.default_rng((seed, position))
        return augment(preprocess.train(encoded, size, rng), rng)

    order = Shuffled(len(source), seed)
    numbers = grain.MapDataset.range(
        start_step * process_count + process_index, ENDLESS, process_count
    )
    return _batches(config_data, source, numbers, order, prepare, rows)


def eval_batches(
    config_data: Any, *, batch_size: int, process_index: int = 0, process_count: int = 1
) -> Batches:
    """The evaluation split once, in its order, the last batch filled up with masked rows.

    Every process gets the same number of batches, and over all processes each image counts once.

    Args:
      config_data: as for :func:`train_batches`, with `eval_split`.
      batch_size: over all processes.
      process_index: of this process.
      process_count: number of processes; divides `batch_size`.

    Raises:
      FileNotFoundError, ValueError, TooManyBadImages: as :func:`train_batches` does.
    """
    rows = _rows(batch_size, process_count)
    source = open_source(config_data.name, config_data.eval_split, config_data.data_dir)
    transform = find_preprocess(config_data.preprocess).evaluate

    def prepare(encoded: bytes, size: int, position: int) -> np.ndarray:
        return transform(encoded, size)

    numbers = grain.MapDataset.range(
        process_index, -(-len(source) // batch_size) * process_count, process_count
    )
    # Positions beyond the split's end are padding.
    return _batches(config_data, source, numbers, lambda positions: positions, prepare, rows)


def _rows(batch_size: int, process_count: int) -> int:
    rows, remainder = divmod(batch_size, process_count)
    if remainder or rows < 1:
        raise ValueError(f"batch_size {batch_size} is not a multiple of {process_count} processes")
    return rows


def _batches(
    config_data: Any,
    source: Source,
    numbers: grain.MapDataset,
    order: Callable[[np.ndarray], np.ndarray],
    transform: Callable[[bytes, int, int], np.ndarray],
    rows: int,
) -> Batches:
    """The batches of these numbers; batch `b` holds `rows` examples from position `b * rows` on.

    `order` says which examples are at some positions. Grain deals with the batches' numbers only;
    a batch is read and decoded in one go by :class:`MakeBatch`, straight into its array. That is
    faster than a Grain stage for each image. A late start does not go through the batches before.
    """
    size, channels = config_data.image_size, find_preprocess(config_data.preprocess).channels
    split = f"{source.name} {source.split}"
    bad_images = BadImages(split, len(source), config_data.max_bad_share)
    make_batch = MakeBatch(source, transform, (size, size, channels), bad_images)

    def batch(number: int) -> dict[str, np.ndarray]:
        positions = np.arange(number * rows, (number + 1) * rows)
        return make_batch(positions, order(positions))

    threads = config_data.threads
    options = grain.ReadOptions(threads, max(config_data.prefetch, threads) if threads else 0)
    return Batches(iter(numbers.map(batch).to_iter_dataset(options)), bad_images)
