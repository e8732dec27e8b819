"""eval.py --cam and --inference_keep_prob, in one process and in two."""

import json

import numpy as np
import pytest
from PIL import Image

from runfiles import read_lines, read_metrics
from tests import tiny
from tests.data.tiny import encode, noise, numbered, write_tiny


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    tiny.call("train.py", *tiny.arguments(workdir))
    return workdir


def test_class_activation_of_more_images_than_a_batch_has(finished):
    """A batch is 16."""
    out, _ = tiny.call("eval.py", f"--workdir={finished}", "--cam=40")
    assert out == f"class activation maps: {finished}/class_activation.npz\n"
    with np.load(finished / "class_activation.npz") as arrays:
        assert arrays["image"].shape == (40, 8, 8, 1) and arrays["image"].dtype == np.uint8
        assert arrays["label"].shape == arrays["prediction"].shape == (40,)
        assert arrays["activation"].shape[0] == 40 and np.ptp(arrays["activation"]) > 0
        assert len(arrays["class_names"]) == 10
        images = arrays["image"]
    # In the order of the split, none twice.
    assert len(np.unique(images.reshape(40, -1), axis=0)) == 40


def test_more_than_there_are_gives_all(finished):
    tiny.call("eval.py", f"--workdir={finished}", "--cam=1000")
    with np.load(finished / "class_activation.npz") as arrays:
        assert len(arrays["image"]) == 360


def test_pictures_of_images_over_their_classes(finished):
    tiny.call("eval.py", f"--workdir={finished}", "--draw=2")
    pictures = sorted((finished / "figures" / "predictions").iterdir())
    assert [path.name for path in pictures] == ["00000.png", "00001.png"]
    # The true class is green among the five most probable ones, if it is one of them.
    assert all(np.asarray(Image.open(path)).shape[1] > 200 for path in pictures)


def test_images_that_do_not_decode_are_passed_over(tmp_path):
    torn = ("torn.jpg", encode(noise(0, 64, 64), "JPEG")[:900], 1)
    good = numbered(25)
    write_tiny(tmp_path / "data", train=numbered(32), test=[*good[:3], torn, *good[3:]])
    fields = {
        "name": "tiny",
        "preprocess": "cifar",
        "data_dir": str(tmp_path / "data"),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.25, 0.25, 0.25),
        "max_bad_share": 0.5,
    }
    changes = {"model__width": 1, "steps": 1, "eval_every": 1}
    arguments = tiny.arguments(tmp_path / "run", "baseline", data=fields, **changes)
    tiny.call("train.py", *arguments)
    tiny.call("eval.py", f"--workdir={tmp_path}/run", "--cam=20")
    with np.load(tmp_path / "run" / "class_activation.npz") as arrays:
        assert len(arrays["label"]) == 20
        assert sorted(set(arrays["label"])) == sorted(set(range(25)) & set(arrays["label"]))
        assert (arrays["image"].reshape(20, -1).max(axis=1) > 0).all()


def check_lines(lines, workdir):
    """Of keep_prob 1 and 0.5 at block sizes 1 and 3."""
    assert [(line["block_size"], line["keep_prob"]) for line in lines] == [
        *((1, 1.0), (1, 0.5), (3, 1.0), (3, 0.5)),
    ]
    last = read_metrics(workdir)[-1]
    for line in lines:
        assert line["step"] == 6
        if line["keep_prob"] == 1:  # drops nothing
            assert line["eval/loss"] == pytest.approx(last["eval/loss"], rel=1e-5)
        else:
            assert line["eval/loss"] != pytest.approx(last["eval/loss"], rel=1e-5)


PROBES = ["--inference_keep_prob=1,0.5", "--inference_block_size=1,3"]


def test_dropblock_at_inference(finished):
    out, _ = tiny.call("eval.py", f"--workdir={finished}", *PROBES)
    lines = [json.loads(line) for line in out.splitlines()]
    check_lines(lines, finished)
    assert read_lines(finished / "inference.jsonl") == lines


@pytest.mark.slow
def test_several_processes_print_and_write_once(finished):
    """Metrics, and both probes."""
    for name in ("inference.jsonl", "class_activation.npz"):
        (finished / name).unlink(missing_ok=True)
    started = [
        tiny.start("eval.py", f"--workdir={finished}", *PROBES, "--cam=40", **here)
        for here in tiny.many(processes=2, devices=1)
    ]
    outputs = [process.communicate(timeout=tiny.PATIENCE) for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    (out, _), (other_out, _) = outputs
    # Gloo says on standard output that it is connected.
    out, other_out = (
        [line for line in text.splitlines() if not line.startswith("[Gloo]")]
        for text in (out, other_out)
    )
    assert other_out == []
    first, *rest = out
    assert first.startswith("class activation maps: ")
    check_lines([json.loads(line) for line in rest], finished)
    assert len(read_lines(finished / "inference.jsonl")) == 4
    with np.load(finished / "class_activation.npz") as arrays:
        assert len(arrays["image"]) == 40
