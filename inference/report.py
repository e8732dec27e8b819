"""Predictions of many files, told one after the other."""

import sys
from collections.abc import Sequence

from tqdm import tqdm

from data import DataError
from inference.lines import Lines
from inference.pictures import Pictures, distinct_stems
from inference.predictions import predictions
from inference.trained import Trained


def report(trained: Trained, files: Sequence[str], lines: Lines, pictures: Pictures) -> None:
    """Prints what a network says of each file; on stderr which are no images, and a progress bar.

    Raises:
      DataError: none of them is.
      OSError: a picture cannot be written.
    """
    images = 0
    names = distinct_stems(files)
    with tqdm(total=len(files), unit=" images", file=sys.stderr, disable=None) as bar:
        for name, (file, found) in zip(names, predictions(trained, files), strict=True):
            if isinstance(found, str):
                bar.write(f"passed over {file!r}: {found}", file=sys.stderr)
            else:
                images += 1
                written = pictures.write(name, found)
                bar.write(lines({"file": file} | written, trained.task.describe(*found)))
            bar.update()
    if not images:
        raise DataError(f"none of the {len(files)} files is an image.")
