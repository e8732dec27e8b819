"""Files below a folder or inside of an archive, read without unpacking it."""

import contextlib
import gzip
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm import tqdm

from data.errors import DataError, first_line


@dataclass(frozen=True)
class Files:
    """Files by their names, which have `/` between folders. Hidden ones are not among them.

    Attributes:
      where: the folder or archive, for messages.
      sizes: name -> bytes, sorted by name.
      read: gives the contents of a name. Many threads may call it at once.
    """

    where: Path
    sizes: Mapping[str, int]
    read: Callable[[str], bytes]

    def below(self, folder: str) -> "Files":
        """The files below a folder, wherever that is, by their names within it."""
        inner = {}
        for name in self.sizes:
            _, found, rest = f"/{name}".partition(f"/{folder}/")
            if found:
                inner[rest] = name
        sizes = {rest: self.sizes[name] for rest, name in inner.items()}
        return Files(self.where, sizes, lambda rest: self.read(inner[rest]))


def in_folder(folder: Path) -> Files:
    """All files below a folder."""
    sizes = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            about = path.stat()
            if stat.S_ISREG(about.st_mode):  # a pipe would be waited for
                sizes[path.relative_to(folder).as_posix()] = about.st_size
    return Files(folder, _visible(sizes), lambda name: (folder / name).read_bytes())


def in_tar(path: Path) -> Files:
    """The files of a tar archive without compression; each is read from its place."""
    with _damage(path), open(path, "rb") as file:
        return _at_places(path, _places(file))


def in_tar_of_tars(path: Path) -> Files:
    """The files of the tar archives in one, in folders that are called like them."""
    places = {}
    with _damage(path), open(path, "rb") as file, tarfile.open(fileobj=file, mode="r:") as outer:
        for member in tqdm(outer, desc=f"index of {path.name}", unit=" archives", disable=None):
            if inner := outer.extractfile(member):
                folder = PurePosixPath(member.name).stem
                for name, (offset, size) in _places(inner).items():
                    places[f"{folder}/{name}"] = member.offset_data + offset, size
    return _at_places(path, places)


def _places(file: IO[bytes]) -> dict[str, tuple[int, int]]:
    """Name of each file in a tar archive -> its offset and its size."""
    with tarfile.open(fileobj=file, mode="r:") as tar:
        return {
            os.path.normpath(member.name): (member.offset_data, member.size)
            for member in tar
            if member.isfile()
        }


def _at_places(path: Path, places: Mapping[str, tuple[int, int]]) -> Files:
    def read(name: str) -> bytes:
        offset, size = places[name]
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(size)

    return Files(path, _visible({name: size for name, (_, size) in places.items()}), read)


def in_tar_gz(path: Path, wanted: Callable[[str], bool] = lambda name: True) -> Files:
    """The wanted files of a compressed tar archive; they are kept in memory."""
    contents = {}
    with _damage(path), tarfile.open(path, "r|gz") as tar:
        for member in tar:
            if member.isfile() and wanted(member.name):
                file = tar.extractfile(member)
                assert file is not None  # it is a file
                contents[os.path.normpath(member.name)] = file.read()
    sizes = {name: len(content) for name, content in contents.items()}
    return Files(path, _visible(sizes), contents.__getitem__)


def in_zip(path: Path) -> Files:
    """The files of a zip archive."""
    with _damage(path):
        archive = zipfile.ZipFile(path)
    sizes = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}

    def read(name: str) -> bytes:
        with _damage(path):
            return archive.read(name)

    return Files(path, _visible(sizes), read)


def from_archive_or_folder(
    source: Path, archive: str, folder: str, open_archive: Callable[[Path], Files]
) -> Files:
    """The files below a folder of an archive, or of the folder itself where it is unpacked.

    Args:
      source: where either of them lies.
      archive: its name.
      folder: its path in the archive; only its own name is needed in `source`.
      open_archive: of this module.

    Raises:
      FileNotFoundError: there is neither.
      DataError: the archive is damaged.
    """
    if (source / archive).is_file():
        return open_archive(source / archive).below(folder)
    for place in (folder, PurePosixPath(folder).name):
        if (source / place).is_dir():
            return in_folder(source / place)
    raise FileNotFoundError(f"{source} must hold {archive}, or {folder} unpacked from it")


def _visible(sizes: Mapping[str, int]) -> dict[str, int]:
    """Without hidden files, such as those that macOS puts beside every file."""
    names = (name for name in sizes if not any(part.startswith(".") for part in name.split("/")))
    return {name: sizes[name] for name in sorted(names)}


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        gzip.BadGzipFile,
        zlib.error,
        EOFError,
    ) as error:
        raise DataError(f"{path} is damaged or not whole: {first_line(error)}") from error
