"""train.py and eval.py: what a run leaves, how it is resumed, and what is made of it afterwards."""

import json
import shutil

import pytest

from runfiles import read_metrics
from tests import tiny


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of six steps, in a process of its own: (workdir, what train.py printed)."""
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
    assert f"next            python eval.py --workdir={workdir}\n" in out
    for word in ("loss", "keep_prob", "dropped g3", "images/s", "6/6"):
        assert word in err
    assert "warm-up: 3 steps, half of the run, not the 180 of the config" in err


def test_eval_prints_one_json_line_of_the_same_numbers(finished):
    """In a process of its own, as the next line of train.py says."""
    workdir, _, _ = finished
    out, err = tiny.run("eval.py", f"--workdir={workdir}")
    assert len(out.splitlines()) == 1 and err == ""
    result = json.loads(out)
    last = read_metrics(workdir)[-1]
    assert result == {"step": 6} | {
        name: value for name, value in last.items() if name.startswith("eval/")
    }


def test_eval_of_the_best_checkpoint(finished):
    workdir, _, _ = finished
    evaluated = [line for line in read_metrics(workdir) if "eval/accuracy" in line]
    best = max(evaluated, key=lambda line: (line["eval/accuracy"], line["step"]))
    out, _ = tiny.call("eval.py", f"--workdir={workdir}", "--checkpoint=best")
    result = json.loads(out)
    assert (result["step"], result["eval/accuracy"]) == (best["step"], best["eval/accuracy"])


@pytest.mark.parametrize(
    "change", ["optimizer.clip_norm=1", "batch_size=90", "optimizer.weight_decay=0.5", "steps=7"]
)
def test_what_makes_no_network_may_differ_in_an_evaluation(finished, change):
    """The numbers stay, for parameters and statistics are all that is read."""
    workdir, _, _ = finished
    out, _ = tiny.call("eval.py", f"--workdir={workdir}", f"--config.{change}")
    last = read_metrics(workdir)[-1]
    assert json.loads(out)["eval/accuracy"] == last["eval/accuracy"]


def test_evaluation_of_another_split(finished):
    workdir, _, _ = finished
    out, _ = tiny.call("eval.py", f"--workdir={workdir}", "--config.data.eval_split=test[:10]")
    assert json.loads(out)["eval/accuracy"] * 10 % 1 == 0


def test_eval_refuses_in_one_line(finished, tmp_path):
    workdir, _, _ = finished
    here = f"--workdir={workdir}"
    assert "holds no run" in tiny.refused("eval.py", f"--workdir={tmp_path}/none")
    assert "--workdir is missing" in tiny.refused("eval.py")
    own = f"--config={tiny.ROOT}/configs/digits.py"
    assert "leave --config out" in tiny.refused("eval.py", here, own)
    for change in ("model.width=8", "model={'width': 8}", "data.preprocess=cifar"):
        line = tiny.refused("eval.py", here, f"--config.{change}")
        assert "makes the network that the run in --workdir has trained" in line
    assert "did you mean 'eval_split'" in tiny.refused("eval.py", here, "--config.data.evl_split=x")
    assert "--cam" in tiny.refused("eval.py", here, "--cam=-1")
    assert "--checkpoint" in tiny.refused("eval.py", here, "--checkpoint=worst")
    for value in ("nan", "1.5", "-0.1", "x"):
        line = tiny.refused("eval.py", here, f"--inference_keep_prob={value}")
        assert line.startswith("--inference_keep_prob must be ")
        assert line.replace("'", "").endswith(f"got {value}.\n")
    line = tiny.refused("eval.py", here, "--inference_block_size=3")
    assert "--inference_block_size needs --inference_keep_prob beside it" in line
    line = tiny.refused("eval.py", here, "--inference_keep_prob=1", "--inference_block_size=0")
    assert "--inference_block_size must be at least 1, got 0" in line


def test_started_again_a_complete_run_changes_nothing(finished):
    workdir, first, _ = finished
    before = (workdir / "metrics.jsonl").read_text()
    for arguments in (tiny.arguments(workdir), [f"--workdir={workdir}"]):
        again, _ = tiny.call("train.py", *arguments)
        assert again == first
        assert (workdir / "metrics.jsonl").read_text() == before


def test_a_workdir_alone_resumes_bit_for_bit(finished, tmp_path):
    """From the step before the last, with intervals that were changed when it was started."""
    whole, _, _ = finished
    workdir = tmp_path / "run"
    shutil.copytree(whole, workdir)
    shutil.rmtree(workdir / "checkpoints" / "6")
    _, err = tiny.call("train.py", f"--workdir={workdir}")
    before = max(int(path.name) for path in (whole / "checkpoints").iterdir() if path.name != "6")
    assert f"resuming from step {before}" in err
    assert tiny.fingerprint(workdir) == tiny.fingerprint(whole)


def test_a_resume_may_change_how_the_run_is_carried_out_and_nothing_else(finished):
    workdir, _, _ = finished
    tiny.call("train.py", f"--workdir={workdir}", "--config.log_every=5")
    line = tiny.refused("train.py", f"--workdir={workdir}", "--config.seed=5")
    assert "config.seed is 0 there and 5 here" in line


def test_baseline_draws_curves_alone(tmp_path):
    out, _ = tiny.call("train.py", *tiny.arguments(tmp_path, "baseline", steps=2))
    assert "curves.png" in out and "feature_maps.png" not in out
    assert "train/keep_prob" not in read_metrics(tmp_path)[0]


def test_another_seed_has_another_fingerprint(finished, tmp_path):
    workdir, _, _ = finished
    tiny.call("train.py", *tiny.arguments(tmp_path, seed=1, steps=6))
    assert tiny.fingerprint(workdir) != tiny.fingerprint(tmp_path)


def test_a_run_with_a_moving_average_is_evaluated_with_it(tmp_path):
    """Stopped, resumed and evaluated: the average is a part of the state."""
    changes = {"variant": "baseline", "optimizer__ema_decay": 0.9, "eval_every": 4}
    tiny.call("train.py", *tiny.arguments(tmp_path / "whole", **changes))
    shutil.copytree(tmp_path / "whole", tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "6")
    _, err = tiny.call("train.py", f"--workdir={tmp_path}/run")
    assert "resuming from step 4" in err
    assert tiny.fingerprint(tmp_path / "run") == tiny.fingerprint(tmp_path / "whole")
    for change in ([], ["--config.optimizer.clip_norm=2"]):
        out, _ = tiny.call("eval.py", f"--workdir={tmp_path}/run", *change)
        last = read_metrics(tmp_path / "run")[-1]
        assert json.loads(out)["eval/loss"] == pytest.approx(last["eval/loss"], rel=1e-6)
