"""VOC 2012 with the labels of SBD, whose images overlap with VOC's validation."""

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from data.decode import decode_labels
from data.prepare.sources import voc2012_segmentation as voc
from tests.data.prepare.sources import (
    examples,
    jpeg,
    mask,
    palette_png,
    prepare,
    refused,
    sbd_mat,
    tar,
    write_files,
)

TRAIN, VALIDATION, FURTHER = ["t0", "t1", "t2"], ["v0", "v1"], ["s0", "s1", "s2"]
NAMES = [*TRAIN, *VALIDATION, *FURTHER]
COUNTS = {"train": 3, "trainaug": 6, "validation": 2}


def official(further=FURTHER):
    """The contents of the two archives."""
    lists = {"train": TRAIN, "val": VALIDATION, "trainval": TRAIN + VALIDATION}
    voc_files = {
        **{f"JPEGImages/{name}.jpg": jpeg(NAMES.index(name)) for name in NAMES},
        **{
            f"SegmentationClass/{name}.png": palette_png(voc_label(name))
            for name in lists["trainval"]
        },
        **{
            f"ImageSets/Segmentation/{key}.txt": "\n".join(names).encode()
            for key, names in lists.items()
        },
    }
    # SBD labels some of VOC's own images as well, those of its validation among them.
    sbd_names = ["t0", "v0", *further, "v1"]
    sbd_files = {
        **{f"cls/{name}.mat": sbd_mat(sbd_label(name)) for name in sbd_names},
        "train.txt": "\n".join(sbd_names[:3]).encode(),
        "val.txt": "\n".join(sbd_names[3:]).encode(),
        "img/t0.jpg": b"not read",
    }
    return voc_files, sbd_files


def voc_label(name):
    return mask(NAMES.index(name), 21, void=True)


def sbd_label(name):
    return mask(100 + NAMES.index(name), 21)


def write_archives(folder, voc_files, sbd_files):
    below = {f"./VOCdevkit/VOC2012/{name}": content for name, content in voc_files.items()}
    further = {f"benchmark_RELEASE/dataset/{name}": content for name, content in sbd_files.items()}
    write_files(
        folder, {"VOCtrainval_11-May-2012.tar": tar(below), "benchmark.tgz": tar(further, "w:gz")}
    )


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setattr(voc, "COUNTS", COUNTS)
    folder = tmp_path / "from"
    write_archives(folder, *official())
    return folder


def check(data_dir):
    found = {
        split: examples(data_dir, "voc2012_segmentation", split, "id")
        for split in ("train", "trainaug", "validation")
    }
    names = {split: {name.decode() for name in split_of} for split, split_of in found.items()}
    assert names["train"] == set(TRAIN) and names["validation"] == set(VALIDATION)
    assert names["trainaug"] == {*TRAIN, *FURTHER}
    for split_of in found.values():
        for encoded, example in split_of.items():
            name = encoded.decode()
            assert example["image"] == jpeg(NAMES.index(name))
            expected = sbd_label(name) if name in FURTHER else voc_label(name)
            np.testing.assert_array_equal(decode_labels(example["segmentation_label"]), expected)


def test_trainaug_is_all_but_validation_with_vocs_own_labels_first(source, tmp_path, capsys):
    prepare("voc2012_segmentation", source, tmp_path / "out")
    check(tmp_path / "out")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" images")[0] for line in lines if " images" in line] == [
        "train       3",
        "trainaug    6",
        "validation  2",
    ]
    assert not any("share" in line for line in lines)  # train is a part of trainaug on purpose


def test_tfds_reads_it(source, tmp_path):
    prepare("voc2012_segmentation", source, tmp_path / "out")
    folder = tmp_path / "out/voc2012_segmentation/1.0.0"
    builder = tfds.builder_from_directory(folder)
    assert builder.info.metadata["class_names"] == list(voc.CLASSES)
    assert len(voc.CLASSES) == 21 and builder.info.metadata["void_label"] == 255
    for example in builder.as_data_source("train"):
        expected = voc_label(example["id"].decode())[..., None]
        np.testing.assert_array_equal(example["segmentation_label"], expected)
    with Image.open(folder / "samples.png") as picture:
        assert picture.width > 900


def test_unpacked_archives_do_as_well(source, tmp_path):
    voc_files, sbd_files = official()
    write_files(tmp_path / "trees/VOCdevkit/VOC2012", voc_files)
    write_files(tmp_path / "trees/dataset", sbd_files)
    prepare("voc2012_segmentation", tmp_path / "trees", tmp_path / "out")
    check(tmp_path / "out")


def test_other_counts_are_refused(source, monkeypatch):
    monkeypatch.setattr(voc, "COUNTS", COUNTS | {"trainaug": 7})
    assert refused("voc2012_segmentation", source) == (
        f"error: {source} does not hold all of the data set: expected 3 train, 7 trainaug, "
        "2 validation images, found 3 train, 6 trainaug, 2 validation"
    )


def test_missing_and_damaged_archives_are_named(source):
    archive = source / "benchmark.tgz"
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    assert f"{archive} is damaged or not whole" in refused("voc2012_segmentation", source)
    archive.unlink()
    assert refused("voc2012_segmentation", source) == (
        f"error: {source} must hold benchmark.tgz, or benchmark_RELEASE/dataset unpacked from it"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"JPEGImages/s1.jpg": None}, "has no JPEGImages/s1.jpg"),
        ({"SegmentationClass/t1.png": palette_png(mask(0, 21)[1:])}, "t1: the mask is 12 x 7 pix"),
        (
            {"SegmentationClass/t1.png": palette_png(mask(0, 30))},
            r"t1: the mask has label 2\d, all",
        ),
    ],
)
def test_what_does_not_fit_is_named(source, change, message):
    voc_files, sbd_files = official()
    changed = {name: content for name, content in (voc_files | change).items() if content}
    write_archives(source, changed, sbd_files)
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(refused("voc2012_segmentation", source))
