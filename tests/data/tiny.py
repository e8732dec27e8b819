"""Tiny data sets on disk, and the images to put into them."""

import contextlib
import io
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from etils import epath
from ml_collections import ConfigDict
from PIL import Image

Example = tuple[str, bytes, int]  # file name, encoded image, label


class Tiny(tfds.core.GeneratorBasedBuilder):
    """A data set of the features and examples that it is made with."""

    VERSION = tfds.core.Version("1.0.0")
    code_path = epath.Path(__file__)

    def __init__(self, features, splits, metadata=None, **options):
        self.given = features, splits, metadata
        super().__init__(**options)

    def _info(self):
        features, _, metadata = self.given
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            metadata=metadata and tfds.core.MetadataDict(metadata),
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in self.given[1]}

    def _generate_examples(self, split):
        yield from enumerate(self.given[1][split])


def write_examples(
    data_dir: Path, features: dict, metadata: dict | None = None, **splits: list[dict]
) -> Path:
    """Writes the data set `tiny` with these features and returns `data_dir`."""
    builder = Tiny(features, splits, metadata, data_dir=data_dir, file_format="array_record")
    tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare()
    return data_dir


def write_tiny(data_dir: Path, classes: int = 1000, **splits: list[Example]) -> Path:
    """Writes images with a label each and returns `data_dir`. Labels may be any integers."""
    features = {
        "file_name": tfds.features.Text(),
        "image": tfds.features.Image(),
        "label": tfds.features.Scalar(np.int64),  # ClassLabel refuses to write a wrong label
    }
    examples = {
        split: [
            {"file_name": name, "image": io.BytesIO(encoded), "label": label}
            for name, encoded, label in contents
        ]
        for split, contents in splits.items()
    }
    write_examples(data_dir, features, **examples)
    features["label"] = tfds.features.ClassLabel(num_classes=classes)
    tfds.features.FeaturesDict(features).save_config(data_dir / "tiny/1.0.0")
    return data_dir


def config(data_dir: Path | None, **changes) -> ConfigDict:
    """The `data` part of a config, for `tiny` unless `name` is given."""
    fields = {
        "name": "tiny",
        "data_dir": data_dir and str(data_dir),
        "train_split": "train",
        "eval_split": "test",
        "preprocess": "cifar",
        "image_size": 8,
        "threads": 2,
        "prefetch": 2,
        "max_bad_share": 0.01,
        "class_names": (),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.25, 0.25, 0.25),
        "autoaugment": "none",
        "cutout": 0,
    }
    return ConfigDict(fields | changes)


def encode(pixels: np.ndarray, kind: str = "JPEG", mode: str | None = None, **options) -> bytes:
    image = Image.fromarray(pixels)
    file = io.BytesIO()
    (image.convert(mode) if mode else image).save(file, kind, **options)
    return file.getvalue()


def ramp(height: int, width: int) -> np.ndarray:
    """Red is the column and green the row, as 0 to 255 from one edge to the other; blue is 128."""
    rows = (np.arange(height) + 0.5) * (255 / height)
    columns = (np.arange(width) + 0.5) * (255 / width)
    planes = np.broadcast_arrays(columns[None, :], rows[:, None], 128.0)
    return np.round(np.stack(planes, axis=-1)).astype(np.uint8)


def noise(seed: int, height: int = 8, width: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def numbered(count: int, kind: str = "PNG") -> list[Example]:
    """Examples whose labels are their numbers."""
    return [(f"image_{i:03d}", encode(noise(i), kind), i) for i in range(count)]
