"""Writing a data set of `data/sets` where it can be kept."""

import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import tensorflow_datasets as tfds


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
    with tempfile.TemporaryDirectory(prefix="incomplete.set.", dir=directory) as scratch:
        with _quiet():
            writer = builder(data_dir=scratch, file_format="array_record")
            writer.download_and_prepare()
        version = Path(writer.name) / str(writer.version)
        (directory / version).parent.mkdir(exist_ok=True)
        try:
            os.rename(Path(scratch) / version, directory / version)
        except OSError:
            # Another process was first, with the same files.
            if not (directory / version).is_dir():
                raise


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
