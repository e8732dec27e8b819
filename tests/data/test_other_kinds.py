"""Segmentation and detection, each as one file of `data/preprocess`: nothing else knows them."""

import io
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds

import data
import data.preprocess
import registry
from data.make_batch import MakeBatch
from tests.data.tiny import config, encode, noise, write_examples

SEGMENTATION = '''
import numpy as np
import tensorflow_datasets as tfds

from data.decode import decode, decode_labels
from data.fields import whole
from data.spec import CLASSES, ArraySpec

IGNORED = 255


class ToyMaps:
    """Image and label map, padded to a square and flipped alike."""

    reads = {"image": tfds.features.Image, "segmentation_label": tfds.features.Image}

    def __init__(self, image_size, void=None):
        self._size, self._void = whole("image_size", image_size, least=1), void
        square = (image_size, image_size)
        self.train_spec = self.eval_spec = {
            "image": ArraySpec((*square, 3), np.uint8),
            "label": ArraySpec(square, np.uint8, CLASSES, ignored=IGNORED),
        }

    def evaluate(self, example):
        image, label = decode(example["image"]), decode_labels(example["segmentation_label"])
        if self._void is not None:
            label = np.where(label == self._void, IGNORED, label)
        missing = [(0, self._size - side) for side in label.shape]
        return {
            "image": np.pad(image, (*missing, (0, 0))),
            "label": np.pad(label, missing, constant_values=IGNORED),
        }

    def train(self, example, rng):
        arrays = self.evaluate(example)
        if rng.random() < 0.5:
            arrays = {name: array[:, ::-1] for name, array in arrays.items()}
        return arrays
'''
DETECTION = '''
import numpy as np
import tensorflow_datasets as tfds

from data.decode import decode
from data.spec import CLASSES, ArraySpec

MOST = 3


class ToyBoxes:
    """At most three boxes and their number; the other rows are zeros."""

    reads = {"image": tfds.features.Image, "objects": tfds.features.Sequence}

    def __init__(self):
        self.train_spec = self.eval_spec = {
            "boxes": ArraySpec((MOST, 4), np.float32),
            "classes": ArraySpec((MOST,), np.int32, CLASSES, ignored=-1),
            "count": ArraySpec((), np.int32, range(MOST + 1)),
            "height": ArraySpec((), np.int32),
        }

    def evaluate(self, example):
        boxes, classes = np.zeros((MOST, 4), np.float32), np.full(MOST, -1)
        count = len(example["objects"]["label"])
        boxes[:count] = np.reshape(example["objects"]["bbox"], (count, 4))
        classes[:count] = example["objects"]["label"]
        return {"boxes": boxes, "classes": classes, "count": count,
                "height": len(decode(example["image"]))}

    def train(self, example, rng):
        return self.evaluate(example)
'''


@pytest.fixture(autouse=True)
def two_more_files(tmp_path, monkeypatch):
    """As if they lay in `data/preprocess`."""
    (tmp_path / "toys").mkdir()
    (tmp_path / "toys/toy_maps.py").write_text(SEGMENTATION)
    (tmp_path / "toys/toy_boxes.py").write_text(DETECTION)
    paths = [*data.preprocess.__path__, str(tmp_path / "toys")]
    monkeypatch.setattr(data.preprocess, "__path__", paths)
    yield
    for name in ("toy_maps", "toy_boxes"):
        sys.modules.pop(f"data.preprocess.{name}", None)
        vars(data.preprocess).pop(name, None)


def settings(tmp_path, preprocess, **changes):
    """`config.data` of a preprocess that has no fields of a classification."""
    fields = dict(config(tmp_path, preprocess=preprocess))
    for name in ("image_size", "mean", "std", "autoaugment", "cutout"):
        del fields[name]
    return fields | changes


def label_map(seed, classes=4):
    return np.random.default_rng(seed).integers(0, classes, (6, 7), dtype=np.uint8)


def write_maps(tmp_path, maps, metadata=None):
    features = {
        "id": tfds.features.Text(),
        "image": tfds.features.Image(),
        "segmentation_label": tfds.features.Image(shape=(None, None, 1)),
    }
    rows = [
        {
            "id": f"scene_{i}",
            "image": io.BytesIO(encode(noise(i, *pixels.shape), "PNG")),
            "segmentation_label": io.BytesIO(encode(pixels, "PNG")),
        }
        for i, pixels in enumerate(maps)
    ]
    test = [
        row | {key: io.BytesIO(row[key].getvalue()) for key in row if key != "id"} for row in rows
    ]
    write_examples(tmp_path, features, metadata, train=rows, test=test)


def test_segmentation(tmp_path):
    maps = [label_map(seed) for seed in range(5)]
    maps[0][2, 3] = 11
    write_maps(tmp_path, maps, {"class_names": list("abcd")})
    fields = settings(tmp_path, "toy_maps", image_size=8, void=11)
    about = data.describe(fields)
    assert about.class_names == tuple("abcd") and about.eval_examples == 5
    with data.eval_batches(fields, batch_size=6) as batches:
        (batch,) = batches
    assert batch.keys() == {"image", "label", "mask"} and batch["label"].dtype == np.uint8
    assert batch["mask"].tolist() == [True] * 5 + [False]
    seen = {example.tobytes() for example in batch["label"][:5, :6, :7]}
    maps[0][2, 3] = 255
    assert seen == {pixels.tobytes() for pixels in maps}
    assert (batch["label"][:5, 6:] == 255).all() and (batch["label"][:5, :, 7:] == 255).all()
    with data.train_batches(fields, seed=0, batch_size=5) as batches:
        padded_left = [row[0, 0] == 255 for row in next(batches)["label"]]
    assert 0 < sum(padded_left) < 5


def test_a_value_in_a_label_map_that_is_no_class_is_named(tmp_path):
    maps = [label_map(seed) for seed in range(3)]
    maps[1][0, 0] = 11
    write_maps(tmp_path, maps, {"class_names": list("abcd")})
    fields = settings(tmp_path, "toy_maps", image_size=8)
    with (
        pytest.raises(data.DataError, match=r"scene_1 has label 11.* the 4 classes 0 to 3 or 255"),
        data.eval_batches(fields, batch_size=3) as batches,
    ):
        next(batches)


def test_classes_without_names_are_refused(tmp_path):
    write_maps(tmp_path, [label_map(0)])
    fields = settings(tmp_path, "toy_maps", image_size=8)
    with pytest.raises(ValueError, match=r"classes of tiny have no names.*class_names"):
        data.describe(fields)


def test_a_broken_map_is_a_masked_row_and_named(tmp_path, caplog):
    write_maps(tmp_path, [label_map(0), label_map(1)], {"class_names": list("abcd")})
    fields = settings(tmp_path, "toy_maps", image_size=8)
    with data.eval_batches(fields, batch_size=2) as batches:
        whole = next(batches)
    broken = encode(label_map(1), "PNG")[:-30]
    source = data.open_source("tiny", "test", tmp_path)
    index = next(i for i, example in enumerate(source) if example["id"] == b"scene_1")
    source.examples[index]["segmentation_label"] = broken
    toy = registry.find("data.preprocess", "toy_maps")(8)
    make_batch = MakeBatch(
        source,
        lambda example, _: toy.evaluate(example),
        toy.eval_spec,
        4,
        data.BadImages("tiny test", 2, 1.0),
    )
    batch = make_batch(np.arange(2), np.arange(2))
    assert batch["mask"].tolist() == [index != 0, index != 1]
    assert not batch["label"][index].any() and not batch["image"][index].any()
    np.testing.assert_array_equal(batch["label"][1 - index], whole["label"][1 - index])
    assert "left out scene_1" in caplog.text


def write_boxes(tmp_path, counts):
    features = {
        "image": tfds.features.Image(),
        "image/filename": tfds.features.Text(),
        "objects": tfds.features.Sequence(
            {
                "bbox": tfds.features.BBoxFeature(),
                "label": tfds.features.ClassLabel(names=["red", "white"]),
            }
        ),
    }

    def example(number, count):
        box = tfds.features.BBox(0.0, 0.25, 0.5, (number + 3) / 10)
        return {
            "image": io.BytesIO(encode(noise(number, 5 + number, 4), "PNG")),
            "image/filename": f"cells_{number}.png",
            "objects": [{"bbox": box, "label": i % 2} for i in range(count)],
        }

    splits = {
        split: [example(*numbered) for numbered in enumerate(counts)] for split in ("train", "test")
    }
    write_examples(tmp_path, features, **splits)


def test_detection(tmp_path):
    write_boxes(tmp_path, [2, 0, 3])
    fields = settings(tmp_path, "toy_boxes")
    assert data.describe(fields).class_names == ("red", "white")
    with data.eval_batches(fields, batch_size=4) as batches:
        (batch,) = batches
    order = np.argsort(batch["height"][:3])
    assert batch["height"][order].tolist() == [5, 6, 7]
    assert batch["count"][order].tolist() == [2, 0, 3]
    assert batch["classes"][order].tolist() == [[0, 1, -1], [-1] * 3, [0, 1, 0]]
    boxes = batch["boxes"][order]
    np.testing.assert_allclose(boxes[2], [[0, 0.25, 0.5, 0.5]] * 3, rtol=1e-6)
    assert not boxes[1].any() and not batch["mask"][3]
    with data.train_batches(fields, seed=0, batch_size=3) as batches:
        assert sorted(next(batches)["count"]) == [0, 2, 3]


def test_a_field_of_another_kind_of_data_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"cutout is no field with config\.data\.preprocess='toy_bo"
    ):
        data.check(settings(tmp_path, "toy_boxes", cutout=0))


@pytest.mark.data
def test_real_scenes_and_cells():
    for name, preprocess, changes, classes in [
        ("camvid", "toy_maps", {"image_size": 480, "void": 11}, 11),
        ("bccd:1.0.0", "toy_boxes", {}, 3),
    ]:
        fields = settings(None, preprocess, name=name, train_split="train", **changes)
        try:
            about = data.describe(fields)
        except FileNotFoundError as error:
            pytest.skip(str(error))
        assert len(about.class_names) == classes
        if preprocess == "toy_maps":
            with data.train_batches(fields, seed=0, batch_size=4) as batches:
                label = next(batches)["label"]
            assert label.shape == (4, 480, 480) and (label[:, 360:] == 255).all()
            assert set(np.unique(label[:, :360])) <= {*range(11), 255}
