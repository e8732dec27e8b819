"""A detection run from a user's own images and boxes, to its pictures and its results."""

import io
import json

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tests import tiny
from tests.data.tiny import write_examples

NAMES = ("red", "green", "never")
COLOURS = {"red": (220, 40, 40), "green": (40, 200, 40)}
FEATURES = {
    "image": tfds.features.Image(),
    "image/id": tfds.features.Scalar(np.int64),
    "objects": tfds.features.Sequence(
        {
            "bbox": tfds.features.BBoxFeature(),
            "label": tfds.features.ClassLabel(names=NAMES),
        }
    ),
}
HEIGHT, WIDTH = 96, 128
#: Beyond what float32 holds, and beyond 32 bits.
FIRST_ID = 2**40 + 1


def example(number, boxes):
    """An image with one painted rectangle a box; of number 0 there is none."""
    image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    objects = []
    for name, (top, left, bottom, right) in boxes:
        image[top:bottom, left:right] = COLOURS[name]
        edges = (top / HEIGHT, left / WIDTH, bottom / HEIGHT, right / WIDTH)
        objects.append({"bbox": tfds.features.BBox(*edges), "label": NAMES.index(name)})
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return {
        "image": io.BytesIO(file.getvalue()),
        "image/id": FIRST_ID + number,
        "objects": objects,
    }


def examples():
    rng = np.random.default_rng(0)
    for number in range(9):
        boxes = []
        for column in range(0 if number == 0 else 1 + number % 2):
            top, left = int(rng.integers(0, 40)), 64 * column + int(rng.integers(0, 16))
            height, width = rng.integers(28, 48, size=2).tolist()
            name = list(COLOURS)[int(rng.integers(2))]
            boxes.append((name, (top, left, top + height, left + width)))
        yield example(number, boxes)


def arguments(workdir, data_dir, **changes):
    fields = {
        "data.name": "tiny",
        "data.data_dir": data_dir,
        "data.train_split": "train",
        "data.scale_range": (1.0, 1.0),
        "model.depth": 10,
        "model.width": 4,
        "model.features": 16,
        "model.head_convs": 1,
        "batch_size": 8,
        "steps": 2,
        "eval_every": 2,
        "checkpoint_every": 2,
    } | {name.replace("__", "."): value for name, value in changes.items()}
    return [
        f"--config={tiny.ROOT}/configs/bccd_retinanet.py",
        f"--workdir={workdir}",
        *(f"--config.{name}={value}" for name, value in fields.items()),
    ]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boxes")
    return write_examples(folder, FEATURES, None, train=list(examples()), test=list(examples()))


@pytest.fixture(scope="module")
def finished(data_dir):
    tiny.call("train.py", *arguments(data_dir / "run", data_dir))
    return data_dir / "run"


def test_every_class_has_its_ap_by_name(finished):
    out, err = tiny.call("eval.py", f"--workdir={finished}")
    line = json.loads(out)
    for name in ("ap", "ap50", "ap75", "ap_medium", "ap/red", "ap/green"):
        assert 0 <= line[f"eval/{name}"] <= 1
    assert line["eval/ap/never"] is None
    assert err == "not in the split, and not in the mean: never\n"


def test_results_have_the_data_sets_own_numbers(finished, tmp_path):
    file = tmp_path / "found.json"
    tiny.call("eval.py", f"--workdir={finished}", f"--detections={file}",
              "--config.task.min_score=0.0")  # fmt: skip
    found = json.loads(file.read_text())
    assert {one["image_id"] for one in found} == {FIRST_ID + number for number in range(9)}
    assert {one["category_id"] for one in found} <= {1, 2, 3}
    for one in found:
        left, top, width, height = one["bbox"]
        assert min(left, top) >= 0 and min(width, height) > 0
        assert left + width <= WIDTH + 1e-3 and top + height <= HEIGHT + 1e-3


def test_pictures_show_truth_detections_and_matched_anchors(finished):
    tiny.call("eval.py", f"--workdir={finished}", "--draw=2")
    pictures = sorted((finished / "figures" / "predictions").iterdir())
    assert len(pictures) == 2
    # The first image has no box, the second one has two, each with its anchors.
    sizes = [np.asarray(Image.open(path)) for path in pictures]
    assert sizes[0].shape == sizes[1].shape
    assert (sizes[0] != sizes[1]).any()


EVERYTHING = "--config.task.min_score=0.0"


def test_boxes_are_those_of_the_evaluation(finished, tmp_path):
    for number, one in enumerate(examples()):
        (tmp_path / f"{number}.png").write_bytes(one["image"].getvalue())
    tiny.call(
        *("eval.py", f"--workdir={finished}", f"--detections={tmp_path}/.found.json", EVERYTHING)
    )
    expected = [[] for _ in range(9)]
    for one in json.loads((tmp_path / ".found.json").read_text()):
        box = {"name": NAMES[one["category_id"] - 1], "score": one["score"], "box": one["bbox"]}
        expected[one["image_id"] - FIRST_ID].append(box)
    out, _ = tiny.call("predict.py", f"--workdir={finished}", EVERYTHING, tmp_path)
    found = [json.loads(line)["boxes"] for line in out.splitlines()]
    assert [len(boxes) for boxes in found] == [len(boxes) for boxes in expected]
    assert len(found) == 9 and sum(map(len, found)) > 0
    for boxes, others in zip(found, expected, strict=True):
        for box, other in zip(boxes, others, strict=True):
            assert box["name"] == other["name"]
            assert box["score"] == pytest.approx(other["score"], abs=1e-6)
            assert box["box"] == pytest.approx(other["box"], abs=1e-4)

    arguments = ("--format=csv", "--draw", tmp_path / "0.png", tmp_path / "1.png")
    out, _ = tiny.call("predict.py", f"--workdir={finished}", *arguments, EVERYTHING)
    head, *rows = out.splitlines()
    assert head == "file,picture,name,score,x,y,width,height"
    assert len(rows) == len(found[0]) + len(found[1])
    assert rows[0].startswith(f"{tmp_path}/0.png,{finished}/predictions/pictures/0.png,")


def test_an_export_finds_boxes_in_pixels_of_its_input(finished, tmp_path):
    arguments = (f"--workdir={finished}", EVERYTHING)
    out, _ = tiny.call("predict.py", *arguments, f"--export={tmp_path}/network")
    exported = jax.export.deserialize(bytearray((tmp_path / "network").read_bytes()))
    image = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    assert json.loads(out)["takes"] == "uint8[batch, 128, 128, 3]"
    found = jax.device_get(exported.call(image))
    Image.fromarray(image[1]).save(tmp_path / "1.png")
    out, _ = tiny.call("predict.py", *arguments, tmp_path / "1.png")
    boxes = found["boxes"][1][found["valid"][1]]
    expected = np.array([one["box"] for one in json.loads(out)["boxes"]])
    np.testing.assert_allclose(boxes[:, [1, 0]], expected[:, :2], atol=1e-3)
    np.testing.assert_allclose(boxes[:, 2:] - boxes[:, :2], expected[:, [3, 2]], atol=1e-3)


def test_training_does_not_depend_on_devices(finished):
    """Losses, targets and their normaliser, and the masks are those of the whole batch."""
    tiny.check_training_on_two_devices(finished)


@pytest.mark.slow
def test_metrics_do_not_depend_on_devices_and_processes(finished):
    """9 images in batches of 8."""
    lines = tiny.evaluate_everywhere(finished, "--config.task.min_score=0.0")
    for line in lines[1:]:
        for name in ("ap", "ap50", "loss"):
            expected = lines[0][f"eval/{name}"]
            assert line[f"eval/{name}"] == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data__image_size": 100}, "config.data.image_size must be multiples of 128 pixels"),
        ({"task__anchor_scale": 0.0}, "config.task.anchor_scale must be above 0, got 0.0"),
        ({"task__negative_iou": 0.6}, "config.task.negative_iou must"),
        ({"task__detections": 0}, "config.task.detections must be at least 1, got 0"),
        ({"task__focal_gamma": -1.0}, "config.task.focal_gamma must be"),
        ({"data__max_eval_boxes": 0}, "config.data.max_eval_boxes must be"),
    ],
)
def test_bad_fields_get_one_line(data_dir, tmp_path, changes, message):
    assert message in tiny.refused("train.py", *arguments(tmp_path / "run", data_dir, **changes))


def test_a_set_without_boxes_is_refused(tmp_path):
    said = tiny.refused("train.py", *arguments(tmp_path / "run", tmp_path, data__name="digits"))
    assert "objects" in said
