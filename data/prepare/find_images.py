"""Image files of one's own, by the names that annotations give them."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from data.prepare.splits import split_of_path

SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm",
    ".jp2", ".avif",
}  # fmt: skip


def is_image(name: str) -> bool:
    """Says whether a file is an image, by its name."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


class ImageFinder:
    """Finds images by a part of their path.

    Args:
      names: of all files.
    """

    def __init__(self, names: Iterable[str]):
        self._by_stem: defaultdict[str, list[str]] = defaultdict(list)
        for name in filter(is_image, names):
            self._by_stem[PurePosixPath(name).stem].append(name)

    def find(self, wanted: str, beside: str, split: str | None) -> str:
        """The one image whose path ends in the wanted one.

        Where several do, the one beside or below the annotation's file is taken. One in a folder
        that is called like another split is none.

        Args:
          wanted: the end of a path; without a suffix, any will do.
          beside: the path of the annotation's file.
          split: its split, if it is known.

        Raises:
          ValueError: there is none, or there are several.
        """
        path = PurePosixPath(wanted.replace("\\", "/"))
        known = self._by_stem[path.stem if is_image(wanted) else path.name]
        found = [name for name in known if _ends(name, str(path))]
        if split is not None:  # not one in the folder of another split
            found = [name for name in found if split_of_path(name) in (split, None)]
        folder = PurePosixPath(beside).parent
        near = [name for name in found if PurePosixPath(name).is_relative_to(folder)]
        for some in (near, found):
            if len(some) == 1:
                return some[0]
        if not found:
            raise ValueError(f"{beside}: there is no image {wanted!r}")
        raise ValueError(f"{beside}: {wanted!r} may be any of {', '.join(found)}")


def _ends(name: str, wanted: str) -> bool:
    full = f"/{name}"
    return full.endswith(f"/{wanted}") or str(PurePosixPath(full).with_suffix("")).endswith(
        f"/{wanted}"
    )
