"""Labels that are not among the classes, and data sets that are not what a preprocess reads."""

import io

import numpy as np
import pytest
import tensorflow_datasets as tfds

import data
from tests.data.tiny import config, encode, noise, numbered, write_examples, write_tiny

PNG = encode(noise(0), "PNG")


def whole_split(settings, batch_size=4):
    with data.eval_batches(settings, batch_size=batch_size) as batches:
        return list(batches)


@pytest.mark.parametrize("label", [-1, 10, 19, 2**40, -(2**31)])
@pytest.mark.parametrize("threads", [0, 2])
def test_a_label_outside_the_classes_is_named_with_its_example(tmp_path, label, threads):
    test = [*numbered(6), ("the_wrong_one", PNG, label)]
    write_tiny(tmp_path, classes=10, train=numbered(10), test=test)
    with pytest.raises(data.DataError) as error:
        whole_split(config(tmp_path, threads=threads))
    message = str(error.value)
    assert "tiny test: the_wrong_one has label " + str(label) in message
    assert "the 10 classes 0 to 9" in message and "\n" not in message
    assert ("unlabelled" in message) == (label == -1)


def test_training_refuses_it_too_and_the_allowed_ones_pass(tmp_path):
    write_tiny(tmp_path, classes=10, train=numbered(20), test=numbered(10))
    assert len(whole_split(config(tmp_path))) == 3
    with (
        pytest.raises(data.DataError, match=r"image_01\d has label 1\d"),
        data.train_batches(config(tmp_path), seed=0, batch_size=20) as batches,
    ):
        next(batches)


FEATURES = {
    "id": tfds.features.Text(),
    "image": tfds.features.Image(),
    "label": tfds.features.ClassLabel(names=["cat", "dog"]),
}


def example():
    return {"id": "first", "image": io.BytesIO(PNG), "label": 0}


@pytest.mark.parametrize("missing", ["label", "image"])
@pytest.mark.parametrize("start", [data.describe, whole_split])
def test_a_set_without_what_is_read_is_refused(tmp_path, missing, start):
    features = {name: feature for name, feature in FEATURES.items() if name != missing}
    splits = {split: [{name: example()[name] for name in features}] for split in ("train", "test")}
    write_examples(tmp_path, features, **splits)
    with pytest.raises(ValueError, match=f"tiny has no feature '{missing}'.*it has ") as error:
        start(config(tmp_path))
    assert "\n" not in str(error.value)


def test_a_label_of_another_kind_is_refused(tmp_path):
    write_tiny(tmp_path, train=numbered(2), test=numbered(2))
    features = FEATURES | {
        "file_name": tfds.features.Text(),
        "label": tfds.features.Scalar(np.int64),
    }
    del features["id"]
    tfds.features.FeaturesDict(features).save_config(tmp_path / "tiny/1.0.0")
    with pytest.raises(ValueError, match=r"'label' of tiny is Scalar, but .* reads ClassLabel"):
        data.describe(config(tmp_path))


def test_class_names_are_in_order(tmp_path):
    write_examples(tmp_path, FEATURES, train=[example()], test=[example()])
    assert data.describe(config(tmp_path)).class_names == ("cat", "dog")


@pytest.mark.parametrize("field", ["train_split", "eval_split"])
def test_an_empty_split_is_refused(tmp_path, field):
    write_tiny(tmp_path, train=numbered(4), test=numbered(4))
    with pytest.raises(ValueError, match=r"tiny has no examples in 'train\[:0\]'") as error:
        data.describe(config(tmp_path, **{field: "train[:0]"}))
    assert "\n" not in str(error.value)
