"""Arrays from run files."""

import zipfile
from pathlib import Path

import numpy as np


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Reads all arrays of an ``.npz`` file.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is damaged or half written; one line that names it.
    """
    try:
        # numpy leaves a file open that it opened itself and then refuses.
        with path.open("rb") as file, np.load(file) as arrays:
            return dict(arrays)
    except (EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
