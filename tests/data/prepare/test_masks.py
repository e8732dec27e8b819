"""Images with a PNG mask each."""

import numpy as np
import pytest

import data
from data.decode import decode_labels
from tests.data.prepare.sources import (
    examples,
    jpeg,
    mask,
    palette_png,
    prepare,
    refused,
    write_files,
)
from tests.data.tiny import encode, noise

CLASSES = "--classes=ground,sky,car"


def pairs(images="images/", masks="masks/", count=12):
    return {
        **{f"{images}{i}.jpg": jpeg(i) for i in range(count)},
        **{f"{masks}{i}.png": palette_png(mask(i, 2, void=True)) for i in range(count)},
    }


def read(data_dir, split):
    return examples(data_dir, "streets", split, "file_name")


def test_images_and_masks_meet(tmp_path, capsys):
    write_files(tmp_path / "from", pairs() | {"masks/more.png": palette_png(mask(0, 2))})
    (tmp_path / "names.txt").write_text("ground\nsky\ncar\n")
    flags = "--name=streets", f"--classes={tmp_path}/names.txt", "--split=0.6"
    prepare("masks", tmp_path / "from", tmp_path / "out", *flags)
    found = read(tmp_path / "out", "train") | read(tmp_path / "out", "validation")
    assert found.keys() == {f"images/{i}.jpg".encode() for i in range(12)}
    for name, example in found.items():
        number = int(name.decode()[7:-4])
        assert example["image"] == jpeg(number)
        labels = decode_labels(example["segmentation_label"])
        np.testing.assert_array_equal(labels, mask(number, 2, void=True))
    source = data.open_source("streets", "train", tmp_path / "out")
    assert source.metadata["class_names"] == ["ground", "sky", "car"]
    printed = capsys.readouterr().out
    # As with masks of 0 and 255, whose second class would be ignored everywhere.
    assert printed.count("classes without an example: car") == 2
    assert "not used    files: masks/more.png" in printed


@pytest.mark.parametrize(
    ("images", "masks"), [("images/{}/", "masks/{}/"), ("{}/images/", "{}/masks/")]
)
def test_ready_made_splits_stay(tmp_path, images, masks):
    for split, count in (("train", 3), ("val", 2), ("test", 1)):
        write_files(tmp_path / "from", pairs(images.format(split), masks.format(split), count))
    prepare("masks", tmp_path / "from", tmp_path / "out", "--name=streets", CLASSES)
    counts = [len(read(tmp_path / "out", split)) for split in ("train", "validation", "test")]
    assert counts == [3, 2, 1]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"images/new.jpg": jpeg(0)}, "images/new.jpg has no PNG of its name in masks"),
        (
            {"masks/3.png": palette_png(mask(3, 2)[1:])},
            "masks/3.png: the mask is 12 x 7 pixels, its",
        ),
        (
            {"masks/3.png": palette_png(np.full((8, 12), 3, np.uint8))},
            "masks/3.png: the mask has label 3, allowed are the 3 classes 0 to 2, and 255",
        ),
        (
            {f"masks/{i}.png": encode(noise(i, 8, 12), "PNG") for i in range(12)},
            "images/2.jpg: its mask masks/2.png: mode RGB does not have one label a pixel",
        ),
        ({"images/train/0.jpg": jpeg(0), "masks/train/0.png": palette_png(mask(0, 2))}, "no split"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, files, message):
    write_files(tmp_path / "from", pairs() | files)
    assert message in refused("masks", tmp_path / "from", "--name=streets", CLASSES)


def test_other_bad_input(tmp_path):
    folder = tmp_path / "from"
    write_files(folder, {"images/0.jpg": jpeg(0), "masks/0.jpg": jpeg(0)})
    assert "holds no PNG files in a folder `masks`" in refused(
        "masks", folder, "--name=streets", CLASSES
    )
    for given, message in (
        ("sky", "--classes must name at least two classes, got 'sky'"),
        ("sky,sky", "--classes: the class 'sky' is there twice"),
        ("sky,,car", "--classes: '' is no class name"),
        ("none.txt", "--classes=none.txt is no file"),
    ):
        assert message in refused("masks", folder, "--name=streets", f"--classes={given}")
