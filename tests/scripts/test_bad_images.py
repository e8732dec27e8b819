"""Images that do not decode: named, left out, counted; and too many of them stop the run."""

import re

import pytest

from runfiles import read_metrics
from tests import tiny
from tests.data.tiny import encode, noise, numbered, write_tiny

# A JPEG cut in half.
TORN = encode(noise(0, 64, 64), "JPEG")[:900]


def arguments(workdir, data_dir):
    return tiny.arguments(
        workdir,
        data__name="tiny",
        data__data_dir=data_dir,
        data__preprocess="cifar",
        data__mean="(0.5, 0.5, 0.5)",
        data__std="(0.25, 0.25, 0.25)",
        steps=3,
    )


@pytest.mark.slow
def test_one_is_named_and_counted_and_the_run_continues(tmp_path):
    train = [*numbered(24), ("torn.jpg", TORN, 1)]
    write_tiny(tmp_path / "data", train=train, test=[*numbered(9), ("torn_too.jpg", b"", 1)])
    out, err = tiny.run("train.py", *arguments(tmp_path / "run", tmp_path / "data"))
    assert "torn.jpg" in err and "torn_too.jpg" in err
    assert "bad images      1 did not decode (train)" in out
    assert "bad images      1 did not decode (eval)" in out
    lines = read_metrics(tmp_path / "run")
    assert lines[-1]["eval/bad_images"] == 1
    assert lines[-1]["eval/accuracy"] * 9 == pytest.approx(round(lines[-1]["eval/accuracy"] * 9))


@pytest.mark.slow
def test_too_many_stop_the_run_in_one_line(tmp_path):
    torn = [(f"torn_{index}.jpg", TORN, 1) for index in range(5)]
    write_tiny(tmp_path / "data", train=[*numbered(20), *torn], test=numbered(9))
    _, err = tiny.run("train.py", *arguments(tmp_path / "run", tmp_path / "data"), code=2)
    # The threads of the pipeline may find another one before the first to object is heard, and
    # another one after.
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert re.match(r"error: tiny train: [2-5] of 25 images do not decode .*torn_", errors[0])
