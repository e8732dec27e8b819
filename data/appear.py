"""Data sets that appear on disk whole or not at all."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Of the folders that sets are written into.
PREFIX = "incomplete.set."


@contextlib.contextmanager
def appearing_whole(data_dir: Path) -> Iterator[Path]:
    """A folder to write one data set into; at the end, the set is moved into `data_dir`.

    After an error the folder is removed, and nothing has appeared. What a process that was killed
    has left of such folders is removed before.

    Raises:
      FileExistsError: `data_dir` has the data set already.
    """
    with contextlib.ExitStack() as stack:
        with _locked(data_dir):
            _remove_abandoned(data_dir)
            folder = tempfile.TemporaryDirectory(prefix=PREFIX, dir=data_dir)
            scratch = Path(stack.enter_context(folder))
            stack.enter_context(_locked(scratch))
        yield scratch
        (info,) = scratch.rglob("dataset_info.json")
        target = data_dir / info.parent.relative_to(scratch)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(info.parent, target)
        except OSError as error:
            if target.is_dir():
                raise FileExistsError(f"{target} exists already") from error
            raise


def _remove_abandoned(data_dir: Path) -> None:
    """Removes the folders whose writers are no more."""
    for folder in data_dir.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), _locked(folder, wait=False):
            shutil.rmtree(folder)


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Keeps a folder from others that lock it, until this process ends at the latest.

    Raises:
      OSError: another process has it, or the file system has no locks; never with `wait`.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if wait:
            with contextlib.suppress(OSError):  # without locks, nothing is removed either
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
