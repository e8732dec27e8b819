"""Writing a data set of `data/sets` where it can be kept."""

import contextlib
import io
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import tensorflow_datasets as tfds

from data.appear import appearing_whole


def write_set(
    builder: Callable[..., tfds.core.DatasetBuilder], directories: Sequence[Path]
) -> Path:
    """Writes a data set into the first of `directories` that can be written to.

    Any number of processes may do so at once: each writes to a folder of its own and renames it,
    and those that come later find it there.

    Args:
      builder: the class of a TFDS data set.
      directories: to try, in this order.

    Returns:
      The directory.

    Raises:
      OSError: none of them can be written to.
    """
    for directory in directories:
        with contextlib.suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True)
        if os.access(directory, os.W_OK | os.X_OK):
            _write(builder, directory)
            return directory
    raise OSError(f"the data set cannot be written to {' or '.join(map(str, directories))}")


def _write(builder: Callable[..., tfds.core.DatasetBuilder], directory: Path) -> None:
    # Another process may be first, with the same files.
    with (
        contextlib.suppress(FileExistsError),
        appearing_whole(directory) as scratch,
        _quiet(),
    ):
        builder(data_dir=scratch, file_format="array_record").download_and_prepare()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """TFDS without its progress bars, log lines and prints."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        tfds.enable_progress_bar()
        logger.setLevel(level)
