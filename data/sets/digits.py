"""The handwritten digits that scikit-learn carries."""

import io
from collections.abc import Iterator

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
