"""train.py and eval.py as a user starts them."""

import json

import pytest

from tests import tiny
from runfiles import read_metrics


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of six steps: (workdir, what train.py printed)."""
    workdir = tmp_path_factory.mktemp("run")
    out, err = tiny.run("train.py", *tiny.arguments(workdir))
    return workdir, out, err


def test_a_run_leaves_what_design_promises(finished):
    workdir, out, err = finished
    lines = read_metrics(workdir)
    train = [line for line in lines if "train/loss" in line]
    assert [line["step"] for line in train] == [1, 2, 3, 4, 5, 6]
    for name in ("learning_rate", "keep_prob", "dropped", "loss", "accuracy"):
        assert all(f"train/{name}" in line for line in train)
    assert train[-1]["train/images_per_second"] > 0
    assert set(train[-1]["train/dropped"]) == {"3", "4"}
    assert [line["step"] for line in lines if "eval/accuracy" in line] == [3, 6]
    assert (workdir / "config.json").exists()
    assert list((workdir / "tensorboard").glob("events*"))
    for picture in ("curves.png", "feature_maps.png"):
        assert (workdir / "figures" / picture).stat().st_size > 10_000
        assert f"{workdir}/figures/{picture}" in out
    assert "accuracy " in out
    assert f"python eval.py --config={tiny.ROOT}/configs/digits.py:dropblock" in out
    for word in ("loss", "keep_prob", "dropped g3", "images/s", "6/6"):
        assert word in err


def test_eval_prints_one_json_line_of_the_same_numbers(finished):
    workdir, _, _ = finished
    out, _ = tiny.run("eval.py", *tiny.arguments(workdir))
    assert len(out.splitlines()) == 1
    result = json.loads(out)
    last = read_metrics(workdir)[-1]
    assert result["step"] == 6
    assert result["eval/accuracy"] == last["eval/accuracy"]


def test_eval_of_the_best_checkpoint(finished):
    workdir, _, _ = finished
    evaluated = [line for line in read_metrics(workdir) if "eval/accuracy" in line]
    best = max(evaluated, key=lambda line: (line["eval/accuracy"], line["step"]))
    out, _ = tiny.run("eval.py", *tiny.arguments(workdir), "--checkpoint=best")
    result = json.loads(out)
    assert (result["step"], result["eval/accuracy"]) == (best["step"], best["eval/accuracy"])


def test_started_again_a_complete_run_changes_nothing(finished):
    workdir, first, _ = finished
    before = (workdir / "metrics.jsonl").read_text()
    again, _ = tiny.run("train.py", *tiny.arguments(workdir))
    assert again == first
    assert (workdir / "metrics.jsonl").read_text() == before


def test_eval_refuses_in_one_line(finished, tmp_path):
    workdir, _, _ = finished
    _, err = tiny.run("eval.py", *tiny.arguments(tmp_path / "none"), code=2)
    assert err.startswith("error: ") and "holds no run" in err
    _, err = tiny.run("eval.py", *tiny.arguments(workdir, model__width=8), code=2)
    assert "config.model.width is 4 there and 8 here" in err


def test_baseline_draws_curves_alone(tmp_path):
    out, _ = tiny.run("train.py", *tiny.arguments(tmp_path, "baseline", steps=2))
    assert "curves.png" in out and "feature_maps.png" not in out
    assert "train/keep_prob" not in read_metrics(tmp_path)[0]


def test_another_seed_has_another_fingerprint(finished, tmp_path):
    workdir, _, _ = finished
    tiny.run("train.py", *tiny.arguments(tmp_path, seed=1))
    same, other = tiny.arguments(workdir), tiny.arguments(tmp_path, seed=1)
    assert tiny.fingerprint(*same) != tiny.fingerprint(*other)
