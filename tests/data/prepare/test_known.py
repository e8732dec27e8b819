"""CIFAR-10 and ImageNet from their official archives: TFDS's own data sets come out."""

import hashlib
import io
import os
import struct
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from tensorflow_datasets.core.shuffle import Shuffler
from tensorflow_datasets.datasets.imagenet2012 import (
    imagenet2012_dataset_builder,
    imagenet_common,
)
from tensorflow_datasets.image_classification import cifar

import data
from data.decode import decode
from data.description import PUBLISHED
from data.prepare.labels import as_png
from tests.data.prepare.sources import examples, prepare, refused, tar, write_files
from tests.data.tiny import encode, noise, ramp

EACH = 4  # images in a file of CIFAR-10
BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


@pytest.fixture(autouse=True)
def counts(monkeypatch):
    monkeypatch.setitem(PUBLISHED, "cifar10", {"train": 5 * EACH, "test": EACH})
    monkeypatch.setitem(PUBLISHED, "imagenet2012", {"train": 5, "validation": 3})


def batch(number):
    """Labels, and images in the order of the official files: channels, rows, columns."""
    random = np.random.default_rng(number)
    labels = random.integers(0, 10, EACH, dtype=np.uint8)
    return labels, random.integers(0, 256, (EACH, 3, 32, 32), dtype=np.uint8)


def binary(number):
    labels, images = batch(number)
    return np.concatenate([labels[:, None], images.reshape(EACH, -1)], axis=1).tobytes()


def pickled(number, fortran=False):
    """A batch as Python 2 pickled it."""
    labels, images = batch(number)
    flat = images.reshape(EACH, -1)
    content = flat.tobytes("F" if fortran else "C")

    def text(value):
        return b"U" + bytes([len(value)]) + value + b"q\x07"

    integers = b"".join(b"K" + bytes([label]) for label in labels.tolist())
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x06cnumpy\nndarray\nq\x07K\x00\x85"
        + text(b"b")
        + b"\x87Rq\x0a(K\x01"
        + (b"K" + bytes([EACH]) + b"M\x00\x0c\x86cnumpy\ndtype\n" + text(b"u1"))
        + b"K\x00K\x01\x87R"
        + (b"\x88" if fortran else b"\x89")
        + b"T"
        + struct.pack("<i", len(content))
        + content
        + b"tb"
    )
    return (
        b"\x80\x02}q\x01("
        + (text(b"batch_label") + text(b"training batch 1 of 5"))
        + (text(b"labels") + b"]q\x05(" + integers + b"e")
        + (text(b"data") + array)
        + (text(b"filenames") + b"](" + text(b"a.png") + b"e")
        + b"u."
    )


def write_cifar(folder, form, write):
    files = {name: write(number) for number, name in enumerate(BATCHES)}
    if form == "binary":
        files = {f"{name}.bin": content for name, content in files.items()}
    place = "cifar-10-batches-bin" if form == "binary" else "cifar-10-batches-py"
    files = {f"{place}/{name}": content for name, content in files.items()}
    write_files(folder, {f"cifar-10-{form}.tar.gz": tar(files, "w:gz")})


@pytest.mark.parametrize(
    ("form", "write"),
    [("binary", binary), ("python", pickled), ("python", lambda number: pickled(number, True))],
)
def test_cifar10(tmp_path, form, write):
    write_cifar(tmp_path / "from", form, write)
    prepare("cifar10", tmp_path / "from", tmp_path / "out")
    builder = tfds.builder("cifar10", data_dir=tmp_path / "out")  # by TFDS's own code
    assert builder.info.features["label"].names[::9] == ["airplane", "truck"]
    for split, start, count in (("train", 0, 5 * EACH), ("test", 5, EACH)):
        found = list(builder.as_data_source(split))
        ids = [example["id"].decode() for example in found]
        # TFDS's order: that of the hash of the split and the number.
        expected = sorted(
            range(count), key=lambda i: hashlib.md5(f"{split}{i}".encode()).hexdigest()
        )
        assert ids == [f"{split}_{index:05d}" for index in expected]
        for index, example in zip(expected, found, strict=True):
            labels, images = batch(start + index // EACH)
            assert example["label"] == labels[index % EACH]
            np.testing.assert_array_equal(example["image"], images[index % EACH].transpose(1, 2, 0))


@pytest.fixture
def without_tensorflow(monkeypatch):
    """TFDS's own builders need it to open files alone."""
    files = SimpleNamespace(GFile=open, exists=os.path.exists)
    for module in (cifar, imagenet2012_dataset_builder, imagenet_common):
        monkeypatch.setattr(module, "tf", SimpleNamespace(io=SimpleNamespace(gfile=files)))


def check_against_tfds(builder, generators, data_dir, ours):
    """Compares what was written with what TFDS's own builder gives, in its own order.

    Args:
      builder: TFDS's own.
      generators: split -> (key, example) pairs of the builder.
      data_dir: of what was written.
      ours: makes TFDS's example comparable: with bytes, and the label's name.
    """
    version = builder.info.version
    written = tfds.builder_from_directory(data_dir / builder.name / str(version))
    assert written.info.features.to_json() == builder.info.features.to_json()
    assert written.info.supervised_keys == builder.info.supervised_keys
    assert written.info.splits.keys() == generators.keys()
    for split, generated in generators.items():
        shuffler = Shuffler(data_dir, hash_salt=split)
        examples = []
        for key, example in generated:
            shuffler.add(key, str(len(examples)).encode())
            examples.append(ours(example))
        found = data.open_source(f"{builder.name}:{version}", split, data_dir)
        order = [int(number) for _, number in shuffler]
        assert len(found) == len(order)
        for number, example in zip(order, found, strict=True):
            assert example.keys() == examples[number].keys()
            for name, value in examples[number].items():
                assert np.array_equal(example[name], value), (split, number, name)


def test_cifar10_is_that_of_tfdss_own_builder(tmp_path, without_tensorflow):
    write_cifar(tmp_path / "from", "binary", binary)
    prepare("cifar10", tmp_path / "from", tmp_path / "out")
    builder = tfds.builder_cls("cifar10")(data_dir=tmp_path / "none")
    paths = {name: tmp_path / f"{name}.bin" for name in BATCHES}
    for number, path in enumerate(paths.values()):
        path.write_bytes(binary(number))

    def ours(example):
        return example | {
            "id": example["id"].encode(),
            "label": example["label"].item(),
            "image": as_png(np.ascontiguousarray(example["image"])),
        }

    generators = {
        "train": builder._generate_examples("train_", [paths[name] for name in BATCHES[:-1]]),
        "test": builder._generate_examples("test_", [paths["test_batch"]]),
    }
    check_against_tfds(builder, generators, tmp_path / "out", ours)


def test_imagenet_is_that_of_tfdss_own_builder(tmp_path, without_tensorflow, monkeypatch):
    rgb = {  # TFDS knows by their names which are to be converted
        folder: {name: content for name, content in files.items() if name not in CONVERTED}
        for folder, files in TRAIN.items()
    }
    monkeypatch.setitem(PUBLISHED, "imagenet2012", {"train": 3, "validation": 3})
    write_imagenet(tmp_path / "from", rgb)
    prepare("imagenet2012", tmp_path / "from", tmp_path / "out")
    builder = tfds.builder_cls("imagenet2012")(data_dir=tmp_path / "none")

    def archive(name):
        file = io.BytesIO((tmp_path / "from" / name).read_bytes())
        return tfds.download.iter_archive(file, tfds.download.ExtractMethod.TAR)

    def ours(example):
        return {
            "file_name": example["file_name"].encode(),
            "image": example["image"].read(),
            "label": builder.info.features["label"].str2int(example["label"]),
        }

    labels = imagenet_common.get_validation_labels(tmp_path / "from/ILSVRC2012_img_val.tar")
    generators = {
        "train": builder._generate_examples(archive("ILSVRC2012_img_train.tar")),
        "validation": builder._generate_examples(archive("ILSVRC2012_img_val.tar"), labels),
    }
    check_against_tfds(builder, generators, tmp_path / "out", ours)


def test_a_cifar10_that_is_not_whole_is_refused(tmp_path):
    folder = tmp_path / "from"
    folder.mkdir()
    message = refused("cifar10", folder)
    assert f"{folder} must hold cifar-10-binary.tar.gz, or cifar-10-batches-bin" in message
    assert f"{folder} must hold cifar-10-python.tar.gz" in message
    write_cifar(folder, "binary", lambda number: binary(number)[: -3073 if number == 2 else None])
    assert "expected 20 train, 4 test images, found 19 train, 4 test" in refused("cifar10", folder)
    write_cifar(folder, "binary", lambda number: binary(number)[:-5])
    assert "data_batch_1 is no batch of CIFAR-10: cannot reshape" in refused("cifar10", folder)
    (folder / "cifar-10-binary.tar.gz").unlink()
    write_cifar(folder, "python", lambda number: b"\x80\x02}.")
    assert "data_batch_1 is no batch of CIFAR-10: 0 labels, 0 bytes" in refused("cifar10", folder)


def cmyk():
    file = io.BytesIO()
    Image.fromarray(ramp(20, 30)).convert("CMYK").save(file, "JPEG", quality=95)
    return file.getvalue()


TRAIN = {
    "n01440764": {"n01440764_18.JPEG": encode(noise(1, 9, 7)), "n01440764_3.JPEG": cmyk()},
    "n15075141": {
        "n15075141_54.JPEG": encode(noise(2, 9, 7)),
        "n15075141_7.JPEG": encode(ramp(20, 30), "PNG"),
        "n15075141_8.JPEG": encode(noise(3, 9, 7)[:, :, 0]),
    },
}
CONVERTED = ("n01440764_3.JPEG", "n15075141_7.JPEG")
VALIDATION = {f"ILSVRC2012_val_0000000{i}.JPEG": encode(noise(10 + i)) for i in (3, 1, 2)}


def write_imagenet(folder, train=TRAIN):
    inner = {f"{name}.tar": tar(files) for name, files in train.items()}
    write_files(
        folder,
        {"ILSVRC2012_img_train.tar": tar(inner), "ILSVRC2012_img_val.tar": tar(VALIDATION)},
    )


def test_imagenet(tmp_path, capsys):
    write_imagenet(tmp_path / "from")
    prepare("imagenet2012", tmp_path / "from", tmp_path / "out")
    train = examples(tmp_path / "out", "imagenet2012", "train", "file_name")
    assert {name.decode() for name in train} == {name for files in TRAIN.values() for name in files}
    for number, files in ((0, TRAIN["n01440764"]), (999, TRAIN["n15075141"])):
        for name, content in files.items():
            example = train[name.encode()]
            assert example["label"] == number
            if name not in CONVERTED:
                assert example["image"] == content
                continue
            # As in TFDS, one of four colours or no JPEG is a JPEG of three now.
            with Image.open(io.BytesIO(example["image"])) as image:
                assert (image.format, image.mode) == ("JPEG", "RGB")
            difference = decode(example["image"]).astype(int) - decode(content)
            assert abs(difference).max() < 12
    assert "train       5 images, from n01440764 (2) to n15075141 (3)" in capsys.readouterr().out
    # The published classes of the first three validation images, in the order of their names.
    labels = tfds.core.tfds_path("datasets/imagenet2012/validation_labels.txt").read_text().split()
    found = examples(tmp_path / "out", "imagenet2012", "validation", "file_name")
    builder = tfds.builder("imagenet2012", data_dir=tmp_path / "out")  # by TFDS's own code
    names = builder.info.features["label"].names
    assert len(names) == 1000 and len(builder.as_data_source("train")) == 5
    for name, example in found.items():
        assert example["image"] == VALIDATION[name.decode()]
        assert names[example["label"]] == labels[int(name.decode()[-6]) - 1]


def test_an_imagenet_that_is_not_whole_is_refused(tmp_path):
    folder = tmp_path / "from"
    write_imagenet(folder, {**TRAIN, "n00000001": {"n00000001_1.JPEG": b""}})
    assert "expected 5 train, 3 validation images, found 6" in refused("imagenet2012", folder)
    write_imagenet(folder, {"n00000001": {f"{i}.JPEG": b"" for i in range(5)}})
    assert "img_train.tar has n00000001.tar, which is no class" in refused("imagenet2012", folder)
    archive = folder / "ILSVRC2012_img_train.tar"
    write_imagenet(folder)
    archive.write_bytes(archive.read_bytes()[:9000])
    assert f"{archive} is damaged or not whole" in refused("imagenet2012", folder)
    archive.unlink()
    assert refused("imagenet2012", folder) == f"error: {folder} must hold ILSVRC2012_img_train.tar"


def test_the_command_for_a_missing_set_names_its_archives(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        data.open_source("imagenet2012:5.1.0", "train", tmp_path)
    message = str(error.value)
    assert f"`python -m data.prepare imagenet2012 --from=DIR --data_dir={tmp_path}`" in message
    assert "ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar" in message
    with pytest.raises(FileNotFoundError, match=r"python -m data\.prepare KIND --name=my_cells"):
        data.open_source("my_cells", "train", tmp_path)
