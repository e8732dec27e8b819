"""SHA-256 sums of a folder's files, as ``sha256sum -c SHA256SUMS`` reads them."""

import hashlib
from pathlib import Path

FILE = "SHA256SUMS"


def write_sums(folder: Path) -> None:
    """Writes the sums of all files in the folders of ``folder``, at any depth."""
    names = sorted(
        str(path.relative_to(folder)) for path in folder.glob("*/**/*") if path.is_file()
    )
    (folder / FILE).write_text("".join(f"{_sum(folder / name)}  {name}\n" for name in names))


def damage(folder: Path) -> str | None:
    """Tells what is wrong with the files of ``folder``; None if they are as they were written."""
    try:
        lines = (folder / FILE).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return f"{FILE} is missing"
    if not lines:
        return f"{FILE} is empty"
    for line in lines:
        expected, _, name = line.partition("  ")
        try:
            if _sum(folder / name) != expected:
                return f"{name or FILE} is not as it was written"
        except (OSError, ValueError):
            return f"{name or FILE} cannot be read"
    return None


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
