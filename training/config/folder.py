"""Whether files can be written where a flag says."""

import os
from pathlib import Path


def check_folder(flag: str, place: str | os.PathLike) -> None:
    """Refuses a place for files that cannot be made or written. Writes nothing.

    Raises:
      OSError: one line that names the flag.
    """
    _check(f"{flag}={place}", Path(place).absolute())


def check_file(flag: str, place: str | os.PathLike) -> None:
    """The same of a single file, which may be there already.

    Raises:
      OSError: as :func:`check_folder`.
    """
    if Path(place).is_dir():
        raise IsADirectoryError(f"{flag}={place} is a folder, not a file.")
    _check(f"{flag}={place}", Path(place).absolute().parent)


def _check(what: str, folder: Path) -> None:
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(f"{what}: {nearest} is a file, not a folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"{what}: cannot write into {nearest}.")
