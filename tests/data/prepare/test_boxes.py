"""Images with boxes, from COCO's JSON and VOC's XML: one kind of data set comes out."""

import json
import math

import numpy as np
import pytest
import tensorflow_datasets as tfds

import data
from data.prepare.sources import coco as official
from tests.data.prepare.sources import (
    HEIGHT,
    WIDTH,
    examples,
    jpeg,
    prepare,
    refused,
    write_files,
    zipped,
)

CATEGORIES = [{"id": 7, "name": "cat"}, {"id": 3, "name": "dog"}]
FILES = ["a.jpg", "b.jpg", "none.jpg"]


def annotation(number, image, bbox, category=7, **more):
    return {"id": number, "image_id": image, "bbox": bbox, "category_id": category, **more}


def document(*annotations, files=FILES, first=10, **more):
    """A file of annotations of images with ids from `first` on."""
    images = [
        {"id": first + i, "file_name": file, "height": HEIGHT, "width": WIDTH}
        for i, file in enumerate(files)
    ]
    parts = {"images": images, "annotations": list(annotations), "categories": CATEGORIES}
    return json.dumps(parts | more).encode()


GOOD = (
    annotation(5, 10, [3, 2, 6, 4], area=20.75, iscrowd=1),
    annotation(4, 10, [0, 0, WIDTH, HEIGHT], category=3),
    annotation(6, 11, [0.5, 1.5, 2.5, 3.25]),
)


def images(first=0, files=FILES, folder=""):
    return {f"{folder}{file}": jpeg(first + i) for i, file in enumerate(files)}


def by_image(data_dir, name, split="train"):
    return examples(data_dir, name, split, "image/id")


@pytest.fixture
def source(tmp_path):
    """Two splits, as Roboflow lays them out."""
    folder = tmp_path / "from"
    write_files(folder, images(folder="train/"))
    write_files(folder, images(10, folder="valid/"))
    write_files(folder / "train", {"_annotations.coco.json": document(*GOOD)})
    write_files(folder / "valid", {"_annotations.coco.json": document(first=20)})
    return folder


def test_boxes_ids_and_areas_are_kept(source, tmp_path, capsys):
    prepare("coco_json", source, tmp_path / "out", "--name=pets")
    found = by_image(tmp_path / "out", "pets")
    assert list(found) and set(found) == {10, 11, 12}
    first = found[10]
    assert first["image"] == jpeg(0) and first["image/filename"] == b"a.jpg"
    objects = first["objects"]
    assert list(objects["id"]) == [4, 5] and list(objects["label"]) == [1, 0]
    assert list(objects["is_crowd"]) == [False, True]
    assert list(objects["area"]) == [WIDTH * HEIGHT, 20.75]
    np.testing.assert_allclose(objects["bbox"], [[0, 0, 1, 1], [2 / 8, 3 / 12, 6 / 8, 9 / 12]])
    np.testing.assert_allclose(
        found[11]["objects"]["bbox"], [[1.5 / 8, 0.5 / 12, 4.75 / 8, 3 / 12]]
    )
    assert len(found[12]["objects"]["label"]) == 0  # an image without boxes
    assert set(by_image(tmp_path / "out", "pets", "validation")) == {20, 21, 22}
    source = data.open_source("pets", "train", tmp_path / "out")
    assert source.metadata["category_ids"] == [7, 3]
    assert source.features["objects"]["label"].names == ["cat", "dog"]
    assert "train       3 images, 3 boxes, from dog (1) to cat (2)" in capsys.readouterr().out


def test_tfds_reads_it(source, tmp_path):
    prepare("coco_json", source, tmp_path / "out", "--name=pets")
    builder = tfds.builder("pets", data_dir=tmp_path / "out")
    for example in builder.as_data_source("train"):
        assert example["image"].shape == (HEIGHT, WIDTH, 3)
    assert (tmp_path / "out/pets/1.0.0/samples.png").stat().st_size > 1000


def test_the_layout_of_coco_itself(tmp_path):
    """Annotations in a folder of their own; the same file names in both splits."""
    folder = tmp_path / "from"
    write_files(folder, images(folder="train2017/") | images(10, folder="val2017/"))
    write_files(
        folder / "annotations",
        {
            "instances_train2017.json": document(*GOOD),
            "instances_val2017.json": document(first=20),
        },
    )
    prepare("coco_json", folder, tmp_path / "out", "--name=pets")
    assert by_image(tmp_path / "out", "pets")[10]["image"] == jpeg(0)
    assert by_image(tmp_path / "out", "pets", "validation")[20]["image"] == jpeg(10)


def test_one_list_is_divided_by_names(tmp_path):
    files = [f"{i}.jpg" for i in range(30)]
    write_files(tmp_path / "from", images(files=files, folder="images/"))
    write_files(tmp_path / "from", {"labels.json": document(files=files, first=1)})
    prepare("coco_json", tmp_path / "from", tmp_path / "out", "--name=pets", "--split=0.6")
    train = set(by_image(tmp_path / "out", "pets"))
    assert 10 < len(train) < 25
    assert train | set(by_image(tmp_path / "out", "pets", "validation")) == set(range(1, 31))


BAD_BOXES = {
    "box 1 of a.jpg is empty: x from 3 to 3, y from 2 to 6": annotation(1, 10, [3, 2, 0, 4]),
    "box 2 of a.jpg is empty: x from 9 to 3, y from 2 to 6": annotation(2, 10, [9, 2, -6, 4]),
    "box 3 of a.jpg reaches outside of the image of 12 x 8 pixels: x from 3 to 14, y": (
        annotation(3, 10, [3, 2, 11, 4])
    ),
    "box 4 of b.jpg has a number that is not finite: nan, 2, nan, 6": (
        annotation(4, 11, [math.nan, 2, 6, 4])
    ),
    "box 5 of b.jpg has the unknown category 8": annotation(5, 11, [3, 2, 6, 4], category=8),
    "annotation 6 of image 11 must have a bbox of x, y, width and height, got [1, 2]": (
        annotation(6, 11, [1, 2])
    ),
    "annotation 7 is of image 99, which is none": annotation(7, 99, [3, 2, 6, 4]),
}


@pytest.mark.parametrize("message", BAD_BOXES)
def test_a_bad_box_is_named(source, message):
    write_files(source / "train", {"_annotations.coco.json": document(BAD_BOXES[message])})
    assert f"train/_annotations.coco.json: {message}" in refused("coco_json", source, "--name=pets")


def test_all_faults_are_listed(source):
    write_files(source / "train", {"_annotations.coco.json": document(*BAD_BOXES.values())})
    (source / "valid/b.jpg").unlink()
    message = refused("coco_json", source, "--name=pets")
    assert message.startswith("error: 8 faults, nothing is written:\n")
    assert all(part in message for part in BAD_BOXES)
    assert "valid/_annotations.coco.json: there is no image 'b.jpg'" in message


def test_a_pixel_beyond_the_image_is_rounding_and_cut_off(source, tmp_path):
    box = annotation(1, 10, [-0.5, 0, WIDTH + 1, HEIGHT + 0.25])
    write_files(source / "train", {"_annotations.coco.json": document(box)})
    prepare("coco_json", source, tmp_path / "out", "--name=pets")
    found = by_image(tmp_path / "out", "pets")[10]
    assert np.asarray(found["objects"]["bbox"]).tolist() == [[0, 0, 1, 1]]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"_annotations.coco.json": b"{"}, "train/_annotations.coco.json is no JSON: Expecting"),
        ({"_annotations.coco.json": b"[]"}, "is no JSON of COCO: it has no list of images"),
        ({"_annotations.coco.json": document(categories=[])}, "there are no classes"),
        ({"train2.json": document()}, "which is train, val or test must be seen from their names"),
        ({"a.jpg": jpeg(0)[:100]}, ""),
    ],
)
def test_other_bad_input(source, tmp_path, files, message, capsys):
    write_files(source / "train", files)
    if message:
        assert message in refused("coco_json", source, "--name=pets")
    else:  # One broken image is left out and named.
        prepare("coco_json", source, tmp_path / "out", "--name=pets")
        assert "left out, because broken: 1\n              train/a.jpg: " in capsys.readouterr().out


def test_a_size_that_is_not_the_images_is_named(source):
    parts = json.loads(document())
    parts["images"][1].update(height=WIDTH, width=HEIGHT)
    write_files(source / "train", {"_annotations.coco.json": json.dumps(parts).encode()})
    assert "train/b.jpg is 12 x 8 pixels, its annotation says 8 x 12" in refused(
        "coco_json", source, "--name=pets"
    )


def xml(*objects):
    text = "".join(
        f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{x1}</xmin>"
        f"<ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
        for name, difficult, x1, y1, x2, y2 in objects
    )
    return f"<annotation><filename>wrong.png</filename>{text}</annotation>".encode()


def test_voc_xml(tmp_path, capsys):
    folder = tmp_path / "from"
    for i, some in enumerate(
        [[("dog", 0, 1, 2, 7, 8), ("cat", 1, 3, 2, 9.5, 6)], [("dog", 0, 1, 1, 12, 8)], []]
    ):
        write_files(
            folder, {f"JPEGImages/im.v{i}.jpg": jpeg(i), f"Annotations/im.v{i}.xml": xml(*some)}
        )
    lists = {"train": b"im.v0\nim.v2\n", "val": b"im.v1\n", "trainval": b"im.v0\nim.v1\nim.v2\n"}
    write_files(folder / "ImageSets/Main", {f"{key}.txt": text for key, text in lists.items()})
    write_files(folder / "JPEGImages", {"alone.jpg": jpeg(9)})
    prepare("voc_xml", folder, tmp_path / "out", "--name=pets")
    found = examples(tmp_path / "out", "pets", "train", "image/filename")
    assert set(found) == {b"JPEGImages/im.v0.jpg", b"JPEGImages/im.v2.jpg"}
    first = found[b"JPEGImages/im.v0.jpg"]
    objects = first["objects"]
    assert first["image/id"] == 1 and list(objects["id"]) == [1, 2]
    assert list(objects["label"]) == [1, 0] and list(objects["area"]) == [36, 26]
    assert list(objects["is_difficult"]) == [False, True]
    assert list(objects["is_crowd"]) == [False, False]
    np.testing.assert_allclose(objects["bbox"][1], [2 / 8, 3 / 12, 6 / 8, 9.5 / 12])
    source = data.open_source("pets", "validation", tmp_path / "out")
    assert source.features["objects"]["label"].names == ["cat", "dog"]
    assert source.metadata["category_ids"] == [1, 2] and len(source) == 1
    assert "not used    files: JPEGImages/alone.jpg" in capsys.readouterr().out


def test_bad_xml_is_named(tmp_path):
    folder = tmp_path / "from"
    write_files(folder, {f"{split}/{split}.jpg": jpeg(0) for split in ("train", "val")})
    good = xml(("dog", 0, 1, 2, 7, 8), ("cat", 0, 1, 2, 7, 8))
    write_files(folder, {"train/train.xml": good, "val/val.xml": xml(("cow", 0, 7, 2, 7, 8))})
    message = refused("voc_xml", folder, "--name=pets", "--classes=dog,cat")
    assert "val/val.xml: box 3 of val/val.jpg has the unknown category 'cow'" in message
    assert "val/val.xml: box 3 of val/val.jpg is empty: x from 7 to 7, y from 2 to 8" in message
    write_files(folder, {"val/val.xml": xml(("cat", 0, "", 2, 7, 8))})
    assert "val/val.xml: an object 'cat' must have a bndbox of four numbers" in refused(
        "voc_xml", folder, "--name=pets"
    )
    write_files(folder, {"val/val.xml": b"<annotation>"})
    assert "val/val.xml is no XML: no element found" in refused("voc_xml", folder, "--name=pets")
    (folder / "val/val.jpg").unlink()
    assert "val/val.xml: there is no image 'val'" in refused("voc_xml", folder, "--name=pets")


@pytest.fixture
def archives(tmp_path, monkeypatch):
    monkeypatch.setattr(official, "COUNTS", {"train": 3, "validation": 2})
    empty = annotation(9, 11, [5, 5, 0, 2], iscrowd=0, area=0.4)
    lists = {
        "annotations/instances_train2017.json": document(*GOOD, empty),
        "annotations/instances_val2017.json": document(files=FILES[:2], first=2**40),
        "annotations/captions_train2017.json": b"not read",
    }
    write_files(
        tmp_path / "from",
        {
            "annotations_trainval2017.zip": zipped(lists),
            "train2017.zip": zipped(images(folder="train2017/")),
            "val2017.zip": zipped(images(5, FILES[:2], folder="val2017/")),
        },
    )
    return tmp_path / "from"


def test_coco_is_that_of_tfds(archives, tmp_path):
    prepare("coco", archives, tmp_path / "out")
    # Without a version TFDS takes its own code for this name, which needs TensorFlow.
    builder = tfds.builder("coco/2017:1.1.0", data_dir=tmp_path / "out")
    assert (builder.name, builder.builder_config.name) == ("coco", "2017")
    objects = builder.info.features["objects"]
    assert objects["label"].names == ["cat", "dog"] and objects["area"].np_dtype == np.int64
    assert set(objects.keys()) == {"area", "bbox", "id", "is_crowd", "label"}
    found = {example["image/id"]: example for example in builder.as_data_source("train")}
    assert list(found[10]["objects"]["area"]) == [96, 20]
    assert list(found[11]["objects"]["id"]) == [6, 9]
    assert set(by_image(tmp_path / "out", "coco/2017", "validation")) == {2**40, 2**40 + 1}


def test_coco_that_is_not_whole_is_refused(archives, monkeypatch):
    (archives / "val2017.zip").rename(archives / "val2017.zip.part")
    assert refused("coco", archives) == (
        f"error: {archives} must hold val2017.zip, or val2017 unpacked from it"
    )
    (archives / "val2017.zip").write_bytes((archives / "val2017.zip.part").read_bytes()[:-30])
    assert "val2017.zip is damaged or not whole: File is not a zip file" in refused(
        "coco", archives
    )
    (archives / "val2017.zip.part").rename(archives / "val2017.zip")
    monkeypatch.setattr(official, "COUNTS", {"train": 4, "validation": 2})
    assert "expected 4 train, 2 validation images, found 3 train, 2 val" in refused(
        "coco", archives
    )
