"""Images and boxes are moved together; what is true in evaluation is that of the original."""

import io

import numpy as np
import pytest
import tensorflow_datasets as tfds

import data
from data.preprocess.detection import Detection
from data.spec import ROW
from tests.data.tiny import config, encode, noise, write_examples

FIELDS = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
#: One a box, so far from the grey background and each other that a mixed pixel tells its share.
COLOURS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255)])
GREY = 128


def painted(height, width, *boxes, kind="PNG", **more):
    """Rectangles (top, left, bottom, right) in pixels, none over another, and a feature of them."""
    image = np.full((height, width, 3), GREY, np.uint8)
    for box, colour in zip(boxes, COLOURS, strict=False):
        top, left, bottom, right = box
        image[top:bottom, left:right] = colour
    parts = [np.float32(np.array(box) / ([height, width] * 2)) for box in boxes]
    objects = {"bbox": parts, "label": [np.int64(i) for i in range(len(boxes))]}
    return {"image": encode(image, kind), "objects": objects | more, ROW: 0}


def seen_box(image, colour):
    """Where the rectangle of a colour is in the pixels; None where no pixel is mostly of it."""
    share = (image.astype(float) - GREY) @ (colour - GREY) / np.sum((colour - GREY) ** 2.0)
    edges = []
    for axis in (1, 0):
        line = share.max(axis=axis)
        full = np.flatnonzero(line > 0.5)
        if not full.size:
            return None
        edges.append((full[0], full[-1] + 1))
    (top, bottom), (left, right) = edges
    return np.array([top, left, bottom, right])


def random_example(rng):
    """Two rectangles in an image of any shape, the second below the first."""
    height, width = rng.integers(60, 160, 2)
    middle = height // 2
    boxes = []
    for low, high in ((0, middle), (middle, height)):
        top, bottom = low + rng.integers(0, 5), high - rng.integers(0, 5)
        left = rng.integers(0, width // 2)
        boxes.append((top, left, bottom, rng.integers(left + 20, width + 1)))
    return painted(height, width, *boxes)


@pytest.mark.parametrize("size", [128, (128, 256), (256, 128)])
def test_flips_scales_and_crops_move_image_and_boxes_alike(size):
    preprocess = Detection(size, **FIELDS, scale_range=(0.6, 2.0))
    found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        arrays = preprocess.train(random_example(rng), rng)
        count = arrays["box_mask"].sum()
        labels = arrays["box_label"][:count].tolist()
        for label, box in zip(labels, arrays["boxes"], strict=False):
            seen = seen_box(arrays["image"], COLOURS[label])
            if seen is None:  # part of a pixel
                assert min(box[2:] - box[:2]) < 1
                continue
            assert np.abs(seen - box).max() < 1, (seed, seen, box)
            found += 1
        for label in {0, 1} - set(labels):
            assert seen_box(arrays["image"], COLOURS[label]) is None
    assert found > 60


def test_boxes_are_right_where_a_photograph_is_decoded_smaller():
    preprocess = Detection(64, **FIELDS, scale_range=(0.8, 2.0))
    example = painted(700, 501, (100, 50, 390, 250), (410, 300, 700, 501), kind="JPEG")
    for seed in range(20):
        arrays = preprocess.train(example, np.random.default_rng(seed))
        for label, box in zip(arrays["box_label"], arrays["boxes"][:2], strict=False):
            if min(box[2:] - box[:2]) >= 1:
                assert np.abs(seen_box(arrays["image"], COLOURS[label]) - box).max() < 1


def test_no_pixel_is_added_or_lost():
    """At the scale 1 a box is in the array what it is in the image: no +1, flipped or not."""
    example = painted(128, 128, (0, 0, 10, 20), (50, 100, 128, 128))
    preprocess = Detection(128, **FIELDS, scale_range=(1, 1))
    drawn = {
        tuple(map(tuple, preprocess.train(example, np.random.default_rng(seed))["boxes"][:2]))
        for seed in range(20)
    }
    assert drawn == {
        ((0, 0, 10, 20), (50, 100, 128, 128)),
        ((0, 108, 10, 128), (50, 0, 128, 28)),
    }


def test_each_axis_has_its_realised_scale():
    """97 x 33 at 128 / 97 is 43.5 pixels wide: it is rounded to 44, and the box with it."""
    preprocess = Detection(128, **FIELDS, scale_range=(1, 1))
    example = painted(97, 33, (0, 0, 97, 33))
    arrays = preprocess.train(example, np.random.default_rng(0))
    assert arrays["boxes"][0].tolist() == [0, 0, 128, 44]
    assert (arrays["image"][:, 44:] == GREY).all() and (arrays["image"][:, :44] != GREY).any()
    assert preprocess.evaluate(example)["sizes"].tolist() == [128, 44, 97, 33]


def test_padding_is_the_mean_colour():
    preprocess = Detection(128, mean=(0.485, 0.456, 0.406), std=FIELDS["std"], scale_range=(0.5, 1))
    arrays = preprocess.train(painted(40, 80), np.random.default_rng(0))
    assert (arrays["image"][64:] == (124, 116, 104)).all()


def test_left_out_are_crowds_and_boxes_without_extent():
    example = painted(
        64, 64, (0, 0, 64, 64), (20, 30, 20, 40), (30, 40, 35, 40), (9, 9, 8, 12), (5, 5, 6, 6)
    )
    example["objects"]["is_crowd"] = [np.True_, *[np.False_] * 4]
    arrays = Detection(128, **FIELDS, scale_range=(1, 1)).train(example, np.random.default_rng(0))
    assert arrays["box_label"][arrays["box_mask"]].tolist() == [4]
    assert not arrays["boxes"][1:].any() and not arrays["box_label"][1:].any()


def test_a_box_beyond_the_crop_is_left_out_and_one_at_its_edge_is_cut():
    preprocess = Detection(64, **FIELDS, scale_range=(2, 2))
    example = painted(64, 64, (0, 0, 64, 64), (0, 0, 4, 4), (60, 60, 64, 64))
    for seed in range(20):
        arrays = preprocess.train(example, np.random.default_rng(seed))
        boxes = arrays["boxes"][arrays["box_mask"]]
        assert boxes[0].tolist() == [0, 0, 64, 64]
        assert (boxes >= 0).all() and (boxes <= 64).all()
        assert (boxes[:, :2] < boxes[:, 2:]).all()
        assert arrays["box_mask"].sum() < 3  # the two corners are never seen together


def test_of_too_many_boxes_the_first_are_kept():
    example = painted(64, 64, *[(i, 0, i + 1, 9) for i in range(5)])
    preprocess = Detection(64, **FIELDS, scale_range=(1, 1), max_boxes=3)
    arrays = preprocess.train(example, np.random.default_rng(0))
    assert arrays["box_mask"].all() and arrays["box_label"].tolist() == [0, 1, 2]
    with pytest.raises(
        ValueError, match=r"config\.data\.max_eval_boxes must hold .* got 4: one has 5"
    ):
        Detection(64, **FIELDS, max_eval_boxes=4).evaluate(example)


def test_an_image_without_boxes_is_kept():
    preprocess = Detection(64, **FIELDS)
    example = painted(48, 64)
    arrays = preprocess.train(example, np.random.default_rng(0))
    assert not any(arrays[name].any() for name in ("boxes", "box_label", "box_mask"))
    arrays = preprocess.evaluate(example)
    assert not arrays["true_mask"].any() and arrays["sizes"].tolist() == [48, 64, 48, 64]


def test_in_evaluation_the_truth_is_that_of_the_original():
    boxes = [(0, 0, 10, 20), (37, 11, 61, 90), (3, 50, 4, 51)]
    example = painted(61, 90, *boxes)
    arrays = Detection((128, 256), **FIELDS).evaluate(example)
    assert arrays["sizes"].tolist() == [128, 189, 61, 90]
    assert (arrays["image"][:, 189:] == GREY).all()
    np.testing.assert_allclose(arrays["true_boxes"][:3], boxes, rtol=1e-6)
    assert arrays["true_label"][:3].tolist() == [0, 1, 2]
    # Without features of their own: the boxes' areas, and every box is judged.
    np.testing.assert_allclose(arrays["true_area"][:4], [200, 24 * 79, 1, 0], rtol=1e-5)
    assert not arrays["true_crowd"].any() and arrays["true_mask"].sum() == 3
    # In the array the boxes are where the image shows them.
    scale = (arrays["sizes"][:2] / arrays["sizes"][2:]).tolist() * 2
    for box, colour in zip(boxes[:2], COLOURS, strict=False):
        assert np.abs(seen_box(arrays["image"], colour) - box * np.array(scale)).max() < 1


def test_crowd_difficult_and_area_are_those_of_the_data_set():
    more = {
        "area": [np.int64(7), np.int64(8), np.int64(9)],
        "is_crowd": [np.True_, np.False_, np.False_],
        "is_difficult": [np.False_, np.False_, np.True_],
    }
    example = painted(64, 64, *[(i, 0, i + 9, 9) for i in (0, 20, 40)], **more)
    preprocess = Detection(64, **FIELDS, scale_range=(1, 1))
    arrays = preprocess.evaluate(example)
    assert arrays["true_area"][:3].tolist() == [7, 8, 9]
    assert arrays["true_crowd"][:3].tolist() == [True, False, True]
    # Difficult objects are trained on.
    arrays = preprocess.train(example, np.random.default_rng(0))
    assert arrays["box_label"][arrays["box_mask"]].tolist() == [1, 2]


@pytest.mark.parametrize("number", [1, 2**24 + 1, 2**31 + 5, 2**53 + 1, -7])
def test_ids_survive_exactly(number):
    example = painted(32, 32) | {"image/id": np.int64(number)}
    halves = Detection(32, **FIELDS).evaluate(example)["image_id"]
    assert halves.dtype == np.int32 and halves.view(np.int64).tolist() == [number]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_size": (0, 4)}, "config.data.image_size must be a whole number of at least 1"),
        ({"image_size": "big"}, "config.data.image_size must be height and width in pixels"),
        ({"scale_range": (2, 1)}, "config.data.scale_range must be two numbers above 0"),
        ({"scale_range": ("a", "b")}, "config.data.scale_range must be two numbers above 0"),
        ({"max_boxes": 0}, "config.data.max_boxes must be a whole number of at least 1, got 0"),
        ({"max_eval_boxes": 2.5}, "config.data.max_eval_boxes must be a whole number"),
        ({"mean": (0.5,)}, "config.data.mean must be 3 numbers"),
    ],
)
def test_bad_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Detection(**{"image_size": 128} | FIELDS | fields)


def settings(data_dir, **changes):
    fields = dict(config(data_dir, preprocess="detection", image_size=64))
    return {
        name: fields[name] for name in fields if name not in ("autoaugment", "cutout")
    } | changes


def write_cells(tmp_path, counts, metadata=None, label=0, **features):
    """Images of these numbers of boxes, with as many features as are given: name -> values."""
    one = {"bbox": tfds.features.BBoxFeature(), "label": tfds.features.Scalar(np.int64)}
    rows = []
    for number, count in enumerate(counts):
        box = tfds.features.BBox(0.0, 0.25, 0.5, (number + 3) / 10)
        rows.append(
            {name: values[number] for name, values in features.items()}
            | {
                "image": encode(noise(number, 30 + number, 40), "PNG"),
                "objects": [{"bbox": box, "label": label} for _ in range(count)],
            }
        )
    kinds = dict.fromkeys(features, tfds.features.Scalar(np.int64))
    kinds |= {"image": tfds.features.Image(), "objects": tfds.features.Sequence(one)}
    splits = {
        split: [row | {"image": io.BytesIO(row["image"])} for row in rows]
        for split in ("train", "test")
    }
    write_examples(tmp_path, kinds, metadata or {"class_names": ["red", "white"]}, **splits)


def joined(batches):
    with batches:
        parts = list(batches)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_batches_are_the_same_on_any_number_of_processes(tmp_path):
    write_cells(tmp_path, [2, 0, 3, 1, 1])
    fields = settings(tmp_path)
    whole = joined(data.eval_batches(fields, batch_size=4))
    halves = [
        joined(data.eval_batches(fields, batch_size=4, process_index=i, process_count=2))
        for i in range(2)
    ]
    order = [0, 1, 4, 5, 2, 3, 6, 7]  # rows of process 0, then those of process 1
    for name, array in whole.items():
        both = np.concatenate([half[name] for half in halves])
        np.testing.assert_array_equal(both, array[order])
    # Each image once; its id is its number from 1.
    ids = whole["image_id"].view(np.int64)[:, 0]
    assert ids[whole["mask"]].tolist() == [1, 2, 3, 4, 5] and whole["mask"].sum() == 5
    with data.train_batches(fields, seed=3, batch_size=4) as batches:
        batch = next(batches)
    for index in range(2):
        with data.train_batches(
            fields, seed=3, batch_size=4, process_index=index, process_count=2
        ) as batches:
            part = next(batches)
        for name, array in part.items():
            np.testing.assert_array_equal(array, batch[name][2 * index : 2 * index + 2])


def test_ids_of_the_data_set_come_through(tmp_path):
    numbers = [2**24 + 1, 2**40 + 3, 17]
    write_cells(tmp_path, [1, 0, 1], **{"image/id": numbers})
    whole = joined(data.eval_batches(settings(tmp_path), batch_size=2))
    ids = whole["image_id"].view(np.int64)[:, 0]
    assert set(ids[whole["mask"]].tolist()) == set(numbers)


def test_a_label_that_is_no_class_is_named(tmp_path):
    write_cells(tmp_path, [1, 2], label=2, **{"image/id": [71, 72]})
    with (
        pytest.raises(data.DataError, match=r"7[12] has box_label 2, which is not one of the 2 c"),
        data.train_batches(settings(tmp_path), seed=0, batch_size=2) as batches,
    ):
        next(batches)


@pytest.mark.parametrize(
    ("metadata", "ids"),
    [
        ({"class_names": ["red", "white"]}, (1, 2)),
        ({"class_names": ["red", "white"], "category_ids": [7, 2**40]}, (7, 2**40)),
    ],
)
def test_the_numbers_of_the_classes_are_kept(tmp_path, metadata, ids):
    write_cells(tmp_path, [1], metadata)
    assert data.describe(settings(tmp_path)).category_ids == ids


def test_as_many_numbers_as_classes(tmp_path):
    write_cells(tmp_path, [1], {"class_names": ["red", "white"], "category_ids": [1]})
    with pytest.raises(ValueError, match=r"category_ids of .* metadata are 1, its classes 2"):
        data.describe(settings(tmp_path))


def test_coco_without_its_files(tmp_path):
    about = data.describe_without_files(
        settings(tmp_path, name="coco/2017", eval_split="validation", image_size=640), None
    )
    assert (about.train_examples, about.eval_examples) == (118_287, 5_000)
    assert len(about.class_names) == len(set(about.class_names)) == 80
    numbers = dict(zip(about.class_names, about.category_ids, strict=True))
    assert sorted(set(range(1, 91)) - set(about.category_ids)) == [
        *(12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
    ]
    assert [numbers[name] for name in ("person", "giraffe", "bed", "tv", "toothbrush")] == [
        *(1, 25, 65, 72, 90)
    ]


@pytest.mark.data
def test_real_cells():
    fields = settings(None, name="bccd:1.0.0", eval_split="validation", image_size=256)
    try:
        about = data.describe(fields)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert about.class_names == ("RBC", "WBC", "Platelets") and about.category_ids == (1, 2, 3)
    whole = joined(data.eval_batches(fields, batch_size=32))
    assert whole["mask"].sum() == 87 and whole["true_mask"].sum() == 1137
    assert (whole["sizes"][whole["mask"]] == [192, 256, 480, 640]).all()
    boxes = whole["true_boxes"][whole["true_mask"]]
    assert (boxes[:, :2] < boxes[:, 2:]).all() and (boxes <= [480, 640, 480, 640]).all()
    with data.train_batches(fields, seed=0, batch_size=64) as batches:
        batch = next(batches)
    count = batch["box_mask"].sum(axis=1)
    assert batch["mask"].all() and 9 < count.mean() < 16
    assert np.unique(batch["box_label"][batch["box_mask"]]).tolist() == [0, 1, 2]
