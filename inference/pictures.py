"""The masks and pictures of predictions, as PNG files."""

import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from inference.predictions import Prediction
from runfiles import replace
from tasks import PaintsMasks, Predicts

#: Bytes of a file's name that are kept: with what is added, file systems take no more than 255.
LONGEST = 200


class Pictures:
    """What is drawn of every image into a folder: ``masks/NAME.png`` and ``pictures/NAME.png``.

    Args:
      task: of the run.
      folder: where the files are written.
      draw: whether pictures are; masks are where the task has any.
    """

    def __init__(self, task: Predicts, folder: Path, *, draw: bool):
        self._folder = folder
        self._makers = {"mask": task.mask} if isinstance(task, PaintsMasks) else {}
        if draw:
            self._makers["picture"] = task.draw

    def __bool__(self) -> bool:
        return bool(self._makers)

    def write(self, name: str, prediction: Prediction) -> dict[str, str]:
        """Writes what there is of one image; returns kind -> path.

        Raises:
          OSError: a file cannot be written.
        """
        paths = {kind: self._folder / f"{kind}s" / f"{name}.png" for kind in self._makers}
        for kind, path in paths.items():
            file = io.BytesIO()
            self._makers[kind](*prediction).save(file, "PNG")
            replace(path, file.getvalue())
        return {kind: str(path) for kind, path in paths.items()}


def distinct_stems(files: Iterable[str]) -> Iterator[str]:
    """Yields the names of files without folder and suffix; of equal ones the second gets ``_2``.

    Names that differ in upper and lower case alone are equal, as they are to some file systems.
    """
    seen: Counter[str] = Counter()
    for file in files:
        stem = name = os.fsdecode(os.fsencode(PurePath(file).stem)[:LONGEST])
        while seen[name.casefold()]:
            seen[stem.casefold()] += 1
            name = f"{stem}_{seen[stem.casefold()]}"
        seen[name.casefold()] += 1
        yield name
