"""Image files of anybody's, by their paths, in batches for a network to look at."""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data.errors import DecodeError
from data.limits import MAX_BYTES
from data.make_batch import MASK
from data.settings import read_settings
from data.spec import ArraySpec

Arrays = dict[str, np.ndarray]


class ImageBatch(NamedTuple):
    """Files that lie one after the other.

    Attributes:
      files: their paths; fewer than rows in the last batch.
      arrays: those of the preprocess's `predict`, rows first, and `mask` bool `(rows,)`. A row
        whose mask is False is padding or a file that is no image: its arrays are zeros.
      faults: row -> why its file is no image, in words.
    """

    files: Sequence[str]
    arrays: Arrays
    faults: Mapping[int, str]


def find_files(places: Sequence[str]) -> list[str]:
    """Finds files: those named, and all below the folders named, sorted, hidden ones left out.

    Raises:
      OSError, ValueError: a place is neither a file nor a folder, or a folder holds no file or
        cannot be looked into; one line that names it.
    """
    found = []
    for place in places:
        if not os.path.exists(place):
            raise FileNotFoundError(f"{place!r} is not there: name images, or folders of images.")
        if os.path.isdir(place):
            below = sorted(_files_below(place))
            if not below:
                raise ValueError(f"the folder {place!r} holds no file.")
            found += below
        elif os.path.isfile(place):
            found.append(place)
        else:
            raise ValueError(f"{place!r} is neither a file nor a folder.")
    return found


def image_batches(config_data: Any, files: Sequence[str], batch_size: int) -> Iterator[ImageBatch]:
    """Reads files in their order, one batch ahead in `config.data.threads` threads.

    Args:
      config_data: as for :func:`data.eval_batches`; the data set itself need not be there.
      files: paths.
      batch_size: rows of every batch.
    """
    settings = read_settings(config_data)
    preprocess = settings.preprocess

    def read(path: str) -> Arrays:
        return preprocess.predict({"image": _contents(Path(path))})

    pool = ThreadPoolExecutor(max(1, settings.threads))
    ahead: deque[tuple[Sequence[str], list[Future[Arrays]]]] = deque()
    try:
        for start in range(0, len(files), batch_size):
            some = files[start : start + batch_size]
            ahead.append((some, [pool.submit(read, path) for path in some]))
            if len(ahead) > 1:
                yield _stack(*ahead.popleft(), preprocess.predict_spec, batch_size)
        while ahead:
            yield _stack(*ahead.popleft(), preprocess.predict_spec, batch_size)
    finally:
        pool.shutdown(cancel_futures=True)


def _stack(
    files: Sequence[str],
    coming: Sequence[Future[Arrays]],
    spec: Mapping[str, ArraySpec],
    rows: int,
) -> ImageBatch:
    arrays = {name: np.zeros((rows, *one.shape), one.dtype) for name, one in spec.items()}
    mask, faults = np.zeros(rows, bool), {}
    for row, future in enumerate(coming):
        try:
            own = future.result()
        except DecodeError as error:
            faults[row] = " ".join(str(error).split())
            continue
        for name, value in own.items():
            arrays[name][row] = value
        mask[row] = True
    return ImageBatch(files, arrays | {MASK: mask}, faults)


def _contents(path: Path) -> bytes:
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise DecodeError(f"{size:,} bytes, at most {MAX_BYTES:,} are allowed")
        return path.read_bytes()
    except OSError as error:
        raise DecodeError(error.strerror or "cannot be read") from error


def _files_below(folder: str) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(place, name)
            if not name.startswith(".") and os.path.isfile(path):
                yield path
