"""A segmentation run from a user's own images and masks, to its pictures."""

import io
import json

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from data.decode import decode_labels
from runfiles import read_lines
from tests import tiny
from tests.data.tiny import encode, noise, write_examples

NAMES = ("sky", "road", "car", "never")
FEATURES = {"image": tfds.features.Image(), "segmentation_label": tfds.features.Image()}


def png(labels):
    file = io.BytesIO()
    Image.fromarray(labels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def example(number, label=None, size=(40, 48)):
    rng = np.random.default_rng(number)
    labels = rng.choice([0, 1, 2, 255], size=size) if label is None else np.full(size, label)
    return {"image": encode(noise(number, 40, 48), "PNG"), "segmentation_label": png(labels)}


def files(examples):
    """TFDS writes bytes as they are only from files, and reads these once."""
    return [{name: io.BytesIO(one[name]) for name in one} for one in examples]


def write(folder, *, train=None, metadata=None):
    examples = [example(number) for number in range(11)]
    write_examples(
        folder,
        FEATURES,
        {"class_names": list(NAMES)} if metadata is None else metadata,
        train=files(train or examples),
        test=files(examples),
    )
    return folder


def arguments(workdir, data_dir, **changes):
    fields = {
        "data.name": "tiny",
        "data.data_dir": data_dir,
        "data.train_split": "train",
        "data.image_size": (32, 40),
        "data.eval_size": (40, 48),
        "data.label_size": (40, 48),
        "data.ignored_label": 255,
        "data.max_bad_share": 0.0,
        "model.depth": 10,
        "model.width": 4,
        "model.features": 8,
        "batch_size": 8,
        "steps": 1,
        "eval_every": 1,
    } | {name.replace("__", "."): value for name, value in changes.items()}
    return [
        f"--config={tiny.ROOT}/configs/camvid_segmentation.py",
        f"--workdir={workdir}",
        *(f"--config.{name}={value}" for name, value in fields.items()),
    ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("segmentation")
    tiny.call("train.py", *arguments(folder / "run", write(folder / "data")))
    return folder / "run"


def test_absent_classes_are_named_and_what_was_measured_is_kept(finished):
    out, err = tiny.call("eval.py", f"--workdir={finished}", "--config.data.eval_split=train")
    assert err == "not in the split, and not in the mean: never\n"
    line = json.loads(out)
    assert [name for name in line if name.startswith("eval/iou/")] == [
        f"eval/iou/{name}" for name in NAMES
    ]
    assert line["eval/iou/never"] is None
    values = [line[f"eval/iou/{name}"] for name in NAMES[:3]]
    assert line["eval/mean_iou"] == pytest.approx(sum(values) / 3)
    assert read_lines(finished / "evaluations.jsonl")[-1]["changes"] == {"data.eval_split": "train"}


def test_pictures_show_image_truth_and_prediction(finished):
    out, _ = tiny.call("eval.py", f"--workdir={finished}", "--draw=3")
    folder = finished / "figures" / "predictions"
    assert out == f"pictures with truth and prediction: {folder}\n"
    pictures = sorted(folder.iterdir())
    assert [path.name for path in pictures] == ["00000.png", "00001.png", "00002.png"]
    page = np.asarray(Image.open(pictures[0]))
    assert page.shape[1] > 3 * 48
    truth = page[:, page.shape[1] // 3 : 2 * page.shape[1] // 3].reshape(-1, 3)
    from tasks.drawing.palette import IGNORED, palette

    for colour in [*palette(3), IGNORED]:
        assert (truth == colour).all(-1).sum() > 40


def test_masks_are_those_of_the_evaluation(finished, tmp_path):
    """Found from the files alone, where the data set is not there."""
    for number in range(11):
        (tmp_path / f"{number:02}.png").write_bytes(example(number)["image"])
    # In a process of its own, where TFDS does not know the set that this test has written.
    elsewhere = "--config.data.data_dir=/nowhere"
    out, err = tiny.run("predict.py", f"--workdir={finished}", elsewhere, str(tmp_path))
    assert err == ""
    label = np.stack([read_mask(line["mask"]) for line in map(json.loads, out.splitlines())])
    truth = np.stack([decode_labels(example(number)["segmentation_label"]) for number in range(11)])
    valid = truth != 255
    out, _ = tiny.call("eval.py", f"--workdir={finished}")
    accuracy = np.mean(label[valid] == truth[valid])
    assert json.loads(out)["eval/pixel_accuracy"] == pytest.approx(accuracy, abs=1e-7)


@pytest.mark.parametrize("size", [(40, 48), (7, 90), (131, 64), (1, 1), (30, 20)])
def test_a_mask_has_the_size_of_its_image(finished, tmp_path, size):
    (tmp_path / "a.jpg").write_bytes(encode(noise(0, *size)))
    arguments = (f"--workdir={finished}", tmp_path / "a.jpg", f"--to={tmp_path}")
    out, _ = tiny.call("predict.py", *arguments, "--draw")
    line = json.loads(out)
    assert line["mask"] == f"{tmp_path}/masks/a.png"
    assert line["picture"] == f"{tmp_path}/pictures/a.png"
    mask = read_mask(line["mask"])
    assert mask.shape == size
    shares = {one["index"]: one["share"] for one in line["classes"]}
    assert shares.keys() >= set(np.unique(mask).tolist())
    assert sum(shares.values()) == pytest.approx(1)
    assert all(one["name"] == NAMES[one["index"]] for one in line["classes"])


def test_an_export_labels_every_pixel_of_its_input(finished, tmp_path):
    out, _ = tiny.call("predict.py", f"--workdir={finished}", f"--export={tmp_path}/network")
    exported = jax.export.deserialize(bytearray((tmp_path / "network").read_bytes()))
    image = noise(0, 40, 48)[None]
    assert json.loads(out)["gives"] == {"label": "uint8[batch, 40, 48]"}
    label = np.asarray(exported.call(image)["label"][0])
    (tmp_path / "0.png").write_bytes(encode(image[0], "PNG"))
    out, _ = tiny.call("predict.py", f"--workdir={finished}", tmp_path / "0.png")
    np.testing.assert_array_equal(label, read_mask(json.loads(out)["mask"]))


def read_mask(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_training_does_not_depend_on_devices(finished):
    """Losses, counted pixels and masks are those of the whole batch."""
    tiny.check_training_on_two_devices(finished)


@pytest.mark.slow
def test_metrics_do_not_depend_on_devices_and_processes(finished):
    """11 images in batches of 8: the last one is filled up."""
    lines = tiny.evaluate_everywhere(finished)
    for line in lines[1:]:
        assert line["eval/mean_iou"] == pytest.approx(lines[0]["eval/mean_iou"], abs=2e-3)
        assert line["eval/loss"] == pytest.approx(lines[0]["eval/loss"], rel=1e-4)


@pytest.mark.parametrize(
    ("train", "metadata", "changes", "message"),
    [
        (
            [example(0, label=7)],
            None,
            {},
            "example 0 has label 7, which is not one of the 4 classes",
        ),
        (
            [example(0, size=(40, 50))] * 2,
            None,
            {},
            "2 of 2 images do not decode",
        ),
        (None, {"about": "x"}, {}, "its metadata has no class_names"),
        (None, None, {"task.class_weights": (1.0, 2.0)}, "a weight for each of the 4 classes"),
        (None, None, {"data.class_names": ("a", "b")}, "config.data.class_names"),
    ],
)
def test_bad_input_gets_one_line(tmp_path, train, metadata, changes, message):
    data_dir = write(tmp_path / "data", train=train, metadata=metadata)
    _, err = tiny.call("train.py", *arguments(tmp_path / "run", data_dir, **changes), code=2)
    assert message in err, err
    assert "compiled" not in err
