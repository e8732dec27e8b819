"""Files that are written as a whole or not at all."""

import contextlib
import os
import secrets
from pathlib import Path


def replace(path: Path, content: str | bytes) -> None:
    """Writes a whole file or leaves the old one: neither a crash nor a power cut leaves a part.

    Folders above it are made. Text is written as UTF-8.

    Raises:
      OSError: the file cannot be written; the old one is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: another process may be writing the same file.
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        with temporary.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            # Renaming alone may reach the disk before the content does.
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Brings the new name to the disk, on file systems that can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
