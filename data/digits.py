"""The handwritten digits that scikit-learn carries, as a TFDS data set written on first use."""

import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from etils import epath
from PIL import Image

SIDE = 8
NUM_TRAIN = 1437  # of 1797: four fifths
_SHUFFLE_SEED = 0


class Digits(tfds.core.GeneratorBasedBuilder):
    """1797 grey 8x8 images of 0 to 9 (UCI optical recognition of handwritten digits, test set).

    1437 train and 360 test images, drawn by one fixed permutation. The set comes sorted by writer,
    so its tail is by people whose hands the rest does not have; after the permutation the test
    set is like the training set, and its accuracy says how well a network was regularised.
    """

    VERSION = tfds.core.Version("1.0.0")
    # TFDS would find this file through importlib_resources, which it does not always install.
    code_path = epath.Path(__file__)

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "image": tfds.features.Image(shape=(SIDE, SIDE, 1), encoding_format="png"),
                    "label": tfds.features.ClassLabel(names=[str(digit) for digit in range(10)]),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://archive.ics.uci.edu/dataset/80",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict:
        from sklearn.datasets import load_digits  # slow to import, needed here only

        digits = load_digits()
        order = np.random.default_rng(_SHUFFLE_SEED).permutation(len(digits.target))
        return {
            "train": self._generate_examples(digits, order[:NUM_TRAIN]),
            "test": self._generate_examples(digits, order[NUM_TRAIN:]),
        }

    def _generate_examples(self, digits, indices: np.ndarray) -> Iterator[tuple[str, dict]]:
        for index in indices.tolist():
            name = f"digit_{index:04d}"
            pixels = np.round(digits.images[index] * (255 / 16)).astype(np.uint8)
            # A file object: TFDS would encode an array through TensorFlow.
            png = io.BytesIO()
            Image.fromarray(pixels).save(png, "PNG")
            png.seek(0)
            yield name, {"id": name, "image": png, "label": int(digits.target[index])}


def prepare_digits(directories: Sequence[Path]) -> Path:
    """Writes the data set into the first of `directories` that can be written to.

    Any number of processes may do so at once: each writes to a folder of its own and renames it,
    and those that come later find it there.

    Returns:
      The directory.

    Raises:
      OSError: none of them can be written to.
    """
    for directory in directories:
        with contextlib.suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True)
        if os.access(directory, os.W_OK | os.X_OK):
            _write(directory)
            return directory
    raise OSError(f"the digits data set cannot be written to {' or '.join(map(str, directories))}")


def _write(directory: Path) -> None:
    version = Path(Digits.name) / str(Digits.VERSION)
    with tempfile.TemporaryDirectory(prefix="incomplete.digits.", dir=directory) as scratch:
        with _quiet():
            Digits(data_dir=scratch, file_format="array_record").download_and_prepare()
        (directory / version).parent.mkdir(exist_ok=True)
        try:
            os.rename(Path(scratch) / version, directory / version)
        except OSError:
            # Another process was first, with the same files.
            if not (directory / version).is_dir():
                raise


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """TFDS without its progress bars, log lines and prints."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        tfds.enable_progress_bar()
        logger.setLevel(level)
