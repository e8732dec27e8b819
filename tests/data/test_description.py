"""What is known of data sets without their files, and without a network."""

import dataclasses
import socket

import pytest

import data
from tests.data.tiny import config, numbered, write_tiny


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def connect(*arguments):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", connect)
    monkeypatch.setattr(socket.socket, "connect", connect)


def absent(name, tmp_path, **changes):
    return config(tmp_path, name=name, **changes)


def test_published_sizes(tmp_path):
    about = data.describe_without_files(
        absent(
            "imagenet2012",
            tmp_path,
            train_split="train[10000:]",
            eval_split="validation",
            preprocess="imagenet",
            image_size=224,
        ),
        None,
    )
    assert (about.train_examples, about.eval_examples) == (1_271_167, 50_000)
    assert len(about.class_names) == 1000
    assert about.train_spec["image"].shape == (224, 224, 3)
    about = data.describe_without_files(absent("cifar10:3.0.2", tmp_path), None)
    assert (about.train_examples, about.eval_examples) == (50_000, 10_000)
    assert len(about.class_names) == 10


def test_other_sets_need_a_size(tmp_path):
    flowers = absent("oxford_flowers102", tmp_path)
    with pytest.raises(ValueError, match=r"^config\.steps must be given: how many examples 'oxfo"):
        data.describe_without_files(flowers, None)
    about = data.describe_without_files(flowers, 77)
    assert (about.train_examples, len(about.class_names)) == (77, 102)
    assert "its size is not known and taken to be 77" in about.missing


def test_a_set_that_is_written_on_first_use_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    digits = absent("digits", tmp_path, preprocess="digits", mean=(0.3,), std=(0.38,))
    about = data.describe_without_files(digits, None)
    assert (about.train_examples, about.eval_examples) == (1437, 360)
    assert about.class_names == tuple("0123456789")
    assert about.missing == "data set 'digits' is written when it is used first"
    assert not list(tmp_path.iterdir())
    written = data.describe(digits)
    assert written == dataclasses.replace(about, missing="")


def test_what_is_refused_with_files_is_refused_without(tmp_path):
    with pytest.raises(FileNotFoundError, match="prepare KIND --name=no_such_set"):
        data.describe_without_files(absent("no_such_set", tmp_path), 77)
    with pytest.raises(ValueError, match="cifar10 has no split 'trian'"):
        data.describe_without_files(absent("cifar10", tmp_path, train_split="trian"), None)
    with pytest.raises(ValueError, match="ciphar"):
        data.describe_without_files(absent("cifar10", tmp_path, preprocess="ciphar"), None)


def test_files_count_where_they_are(tmp_path):
    settings = config(write_tiny(tmp_path, train=numbered(3), test=numbered(2)))
    assert data.describe_without_files(settings, 77) == data.describe(settings)
