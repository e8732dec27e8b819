"""Data sets that appear on disk whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def appearing_whole(data_dir: Path) -> Iterator[Path]:
    """A folder to write one data set into; at the end, the set is moved into `data_dir`.

    After an error the folder is removed, and nothing has appeared.

    Raises:
      FileExistsError: `data_dir` has the data set already.
    """
    with tempfile.TemporaryDirectory(prefix="incomplete.set.", dir=data_dir) as scratch:
        yield Path(scratch)
        (info,) = Path(scratch).rglob("dataset_info.json")
        target = data_dir / info.parent.relative_to(scratch)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(info.parent, target)
        except OSError as error:
            if target.is_dir():
                raise FileExistsError(f"{target} exists already") from error
            raise
