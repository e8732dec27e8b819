"""predict.py on a classification run: what it says, what it passes over, what it refuses."""

import csv
import io
import json
import os
import re
import subprocess
import sys

import jax
import numpy as np
import pytest
from PIL import Image

import data
from runfiles import read_record
from tests import tiny
from tests.data.tiny import encode, noise


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    tiny.call("train.py", *tiny.arguments(workdir))
    return workdir


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The evaluation images as files whose names begin with their labels."""
    folder = tmp_path_factory.mktemp("digits")
    source = data.open_source("digits", "test", None)
    for number, example in enumerate(source.read(range(len(source)))):
        (folder / f"{example['label']}_{number:03}.png").write_bytes(example["image"])
    return folder


def predict(workdir, *arguments):
    out, err = tiny.call("predict.py", f"--workdir={workdir}", *arguments)
    return [json.loads(line) for line in out.splitlines()], err


def test_predictions_are_those_of_the_evaluation(finished, digits):
    lines, err = predict(finished, digits)
    assert err == ""
    files = [line["file"] for line in lines]
    assert files == sorted(map(str, digits.iterdir()))
    right = [line["classes"][0]["name"] == os.path.basename(line["file"])[0] for line in lines]
    out, _ = tiny.call("eval.py", f"--workdir={finished}")
    assert json.loads(out)["eval/accuracy"] == pytest.approx(np.mean(right), abs=1e-7)
    for line in lines:
        shares = [one["probability"] for one in line["classes"]]
        assert len(shares) == 5 and shares == sorted(shares, reverse=True)
        assert 0.5 < sum(shares) < 1


def test_any_image_is_taken_and_what_is_none_is_passed_over_in_order(finished, tmp_path):
    folder = tmp_path / 'odd "name", \n 数'
    folder.mkdir()
    (folder / "a.jpg").write_bytes(encode(noise(0, 300, 7)))
    (folder / "b.txt").write_text("not an image")
    (folder / "c.webp").write_bytes(encode(noise(1, 1, 1), "WEBP"))
    (folder / "d.jpg").write_bytes(encode(noise(2, 64, 64))[:900])
    (folder / "e").write_bytes(encode(noise(3, 20, 30), "PNG", "P"))
    (folder / ".hidden.png").write_bytes(b"")
    os.mkfifo(folder / "pipe.png")
    out, err = tiny.call(
        "predict.py", folder, f"--workdir={finished}", "--format=csv", folder / "e"
    )
    (head, *rows) = csv.reader(io.StringIO(out))
    assert head == ["file", "name", "probability"]
    files = [row[0] for row in rows]
    assert files[::5] == [str(folder / name) for name in ("a.jpg", "c.webp", "e", "e")]
    assert rows[-5:] == rows[-10:-5]
    first, second = err.splitlines()
    assert "b.txt" in first and first.endswith("not an image (12 bytes)")
    assert "d.jpg" in second and "not a whole image" in second


def test_pictures_have_names_of_their_own(finished, digits, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        for name in ("one.png", "one.jpg", "ONE.bmp"):
            (tmp_path / folder / name).write_bytes(encode(noise(0, 9, 9), "PNG"))
    lines, _ = predict(finished, "--draw", f"--to={tmp_path}/to", tmp_path / "x", tmp_path / "y")
    paths = [line["picture"] for line in lines]
    assert paths[:3] == [f"{tmp_path}/to/pictures/{name}.png" for name in ("ONE", "one_2", "one_3")]
    assert len(set(paths)) == 6
    assert all(np.asarray(Image.open(path)).shape[1] > 200 for path in paths)
    lines, _ = predict(finished, "--draw", next(digits.iterdir()))
    assert lines[0]["picture"].startswith(f"{finished}/predictions/pictures/")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tmp}/empty"], "/empty' holds no file"),
        (["{tmp}/missing.png"], "missing.png' is not there"),
        (["{tmp}/file.txt"], "none of the 1 files is an image"),
        (["{tmp}/pipe"], "pipe' is neither a file nor a folder"),
        ([], "name images or folders of images, or --export=FILE"),
        (["{tmp}/file.txt", "--export={tmp}/x"], "name images or folders"),
        (
            ["{tmp}/file.txt", "--to={tmp}/file.txt"],
            "--to={tmp}/file.txt: {tmp}/file.txt is a file",
        ),
        (["--export={tmp}/empty"], "--export={tmp}/empty is a folder"),
        (["--export={tmp}/file.txt/x"], "file.txt is a file, not a folder"),
        (["{tmp}/file.txt", "--format=xml"], "format"),
        (["{tmp}/file.txt", "--config.model.depth=18"], "makes the network"),
        (["{tmp}/file.txt", "--workdir={tmp}/empty"], "--workdir={tmp}/empty holds no run"),
    ],
)
def test_bad_input_gets_one_line(finished, tmp_path, arguments, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("")
    os.mkfifo(tmp_path / "pipe")
    out, err = tiny.call(
        "predict.py",
        f"--workdir={finished}",
        *(argument.format(tmp=tmp_path) for argument in arguments),
        code=2,
    )
    *passed_over, error = err.splitlines()
    assert out == "" and error.startswith("error: ") and message.format(tmp=tmp_path) in error
    assert len(passed_over) == ("none of" in message)


def test_a_process_of_its_own_takes_names_that_are_not_text(finished, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff.png"
    with open(name, "wb") as file:
        file.write(encode(noise(0, 9, 9), "PNG"))
    out, err = tiny.run("predict.py", f"--workdir={finished}", name, "--format=csv", PYTHONUTF8="1")
    assert err == "" and out.splitlines()[1].startswith(f"{tmp_path}/\\udcff.png,")


def test_an_export_runs_without_this_project(finished, digits, tmp_path):
    """By the script of the documents, in a folder without this project."""
    file, images = tmp_path / "digits.jax", sorted(digits.iterdir())[:3]
    (about,), _ = predict(finished, f"--export={file}")
    assert about["takes"] == "uint8[batch, 8, 8, 1]"
    assert about["gives"] == {"logits": "float32[batch, 10]"}
    assert about["class_names"] == read_record(finished).class_names == list("0123456789")
    done = subprocess.run(
        [sys.executable, "-I", str(tiny.ROOT / "docs/run_export.py"), file, *images],
        cwd=tmp_path, capture_output=True, text=True, timeout=tiny.PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    logits = np.array(json.loads(done.stdout.removeprefix("logits ")))
    assert logits.shape == (3, 10)
    lines, _ = predict(finished, *images)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for line, own in zip(lines, shares, strict=True):
        best = line["classes"][0]
        assert best["name"] == about["class_names"][own.argmax()]
        assert best["probability"] == pytest.approx(own.max(), rel=1e-4)
    exported = jax.export.deserialize(bytearray(file.read_bytes()))
    expected = re.escape("expected (batch, 8, 8, 1) and called with (1, 8, 8, 3)")
    with pytest.raises(ValueError, match=expected):
        exported.call(np.zeros((1, 8, 8, 3), np.uint8))


def test_weights_have_the_names_of_the_modules(finished, tmp_path):
    from safetensors.numpy import load_file

    file = tmp_path / "digits.safetensors"
    (about,), _ = predict(finished, f"--export={file}")
    arrays = load_file(file)
    assert about["arrays"] == len(arrays)
    assert arrays["head.kernel"].shape[1] == 10
    assert all(array.dtype == np.float32 for array in arrays.values())
    assert {name.rpartition(".")[2] for name in arrays} == {
        "kernel",
        "bias",
        "scale",
        "mean",
        "var",
    }
