"""Bad input: one clear line, exit code 2, nothing written, nothing compiled."""

import os

import jax
import pytest

from runfiles import RunRecord, write_record
from tests import tiny
from training.config import plain


def test_a_process_ends_with_code_2_and_no_traceback(tmp_path):
    """As the user sees it; the other tests here stay within the process."""
    out, err = tiny.run("train.py", *digits(tmp_path / "run", "--config.seed=-1"), code=2)
    assert out == "" and err.startswith("error: config.seed must be in")
    assert len(err.splitlines()) == 1


def digits(workdir, *extra):
    return [f"--config={tiny.ROOT}/configs/digits.py:dropblock", f"--workdir={workdir}", *extra]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--config.stepss=3"], "unknown field of config 'stepss': did you mean 'steps'?"),
        (["--config.regularizer.keepprob=0.9"], "did you mean 'keep_prob'?"),
        (["--config.steps.x=3"], "config.steps is a single value"),
        (["--config.steps=3.5"], "config.steps must be a whole number, got '3.5'"),
        (["--config.regularizer.keep_prob=high"], "keep_prob must be a number, got 'high'"),
        (["--config.regularizer.keep_prob=0"], "keep_prob must be in (0, 1], got 0.0"),
        (["--config.regularizer.keep_prob=1.2"], "keep_prob must be in (0, 1], got 1.2"),
        (["--config.regularizer.keep_prob=nan"], "keep_prob must be in (0, 1], got nan"),
        (["--config.regularizer.block_size=0"], "block_size must be at least 1, got 0"),
        (["--config.regularizer.groups=(3,5)"], "groups from 1 to 4, got 5"),
        (["--config.regularizer.groups=(3,3)"], "none twice"),
        (["--config.regularizer.name=dropblok"], "did you mean 'dropblock'?"),
        (["--config.regularizer.schedule=cosine"], "one of linear, constant, got 'cosine'"),
        (["--config.regularizer.gamma=exat"], "paper, exact, got 'exat'"),
        (["--config.data.cutout=-1"], "cutout must be a whole number of at least 0, got -1"),
        (["--config.data.autoaugment=cifar"], "did you mean 'cifar10'?"),
        (["--config.data.autoaugment=cifar10"], "must be 'none' for grey images"),
        (["--config.task.label_smoothing=1"], "label_smoothing must be in [0, 1), got 1.0"),
        (["--config.precision=float16"], "allowed: float32, bfloat16"),
        (["--config.steps=0"], "config.steps must be at least 1, got 0"),
        (["--config.batch_size=0"], "config.batch_size must be at least 1, got 0"),
        (["--config.eval_every=-1"], "config.eval_every must be at least 1, got -1"),
        (["--config.seed=-1"], "config.seed must be in"),
        (["--config.batch_size=33"], "multiple of the mesh's 2 devices, got 33"),
        (["--config.mesh.data=3"], "does not fit the 2 device(s)"),
        (["--config.model.depth=51"], "depth must be one of 10, 18, 34, 50, 101, got 51"),
        (["--config.model.name=resnext"], "did you mean 'resnet'?"),
        (
            ["--config.model.name=amoebanet", "--config.model.depth=18"],
            "unknown field of config.model 'depth'",
        ),
        (
            ["--config.task.aux_weight=0.4"],
            "aux_weight must be 0 without config.model.aux_head, got 0.4",
        ),
        (["--config.optimizer.name=rms"], "did you mean 'rmsprop'?"),
        (["--config.optimizer.clip_norm=-1"], "clip_norm must be at least 0, got -1.0"),
        (["--config.optimizer.ema_decay=1"], "ema_decay must be in [0, 1), got 1.0"),
        (["--config.learning_rate.decay_epochs=0"], "decay_epochs must be above 0, got 0.0"),
        (["--config.dropout_keep_prob=0"], "dropout_keep_prob must be in (0, 1], got 0.0"),
        (
            ["--config.regularizer.name=drop_path", "--config.drop_path_keep_prob=0.7"],
            "drops the same branches as config.drop_path_keep_prob: that must be 1, got 0.7",
        ),
        (["--config.data.preprocess=digit"], "did you mean 'digits'?"),
        (
            ["--config.data.name=cifar10", "--config.data.data_dir=/nowhere"],
            "python -m data.prepare cifar10",
        ),
        (["--config.data.train_split=trian"], "trian"),
        (["--workdr=x"], "workdr"),
        (["stray"], "unexpected argument 'stray'"),
    ],
)
def test_one_line(tmp_path, extra, message):
    workdir = tmp_path / "run"
    assert message in tiny.refused("train.py", *digits(workdir, *extra))
    assert not workdir.exists()


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--config.model.cell=e"], "config.model.cell must be one of a, b, c, d, got 'e'"),
        (["--config.model.num_cells=0"], "num_cells must be at least 1, got 0"),
        (["--config.task.aux_weight=0"], "above 0 with config.model.aux_head, got 0.0"),
    ],
)
def test_one_line_for_amoebanet(tmp_path, extra, message):
    config = f"--config={tiny.ROOT}/configs/digits.py:amoebanet_dropblock"
    assert message in tiny.refused("train.py", config, f"--workdir={tmp_path}/run", *extra)


def test_unknown_variant_and_config_file(tmp_path):
    place = f"--config={tiny.ROOT}/configs/digits.py:dropblok"
    line = tiny.refused("train.py", place, f"--workdir={tmp_path}/run")
    assert "unknown config variant 'dropblok': did you mean 'dropblock'?" in line
    line = tiny.refused("train.py", f"--config={tmp_path}/none.py", f"--workdir={tmp_path}/run")
    assert "there is no file" in line
    assert "--config is missing" in tiny.refused("train.py", f"--workdir={tmp_path}/run")
    assert "--workdir is missing" in tiny.refused(
        "train.py", place.replace("dropblok", "dropblock")
    )


def test_workdir_of_another_config_is_left_alone(tmp_path):
    write_record(tmp_path, RunRecord(plain(tiny.config(seed=1, mesh__data=2))))
    before = (tmp_path / "config.json").read_bytes()
    line = tiny.refused("train.py", *tiny.arguments(tmp_path, regularizer__keep_prob=0.8))
    assert "config.regularizer.keep_prob is 0.9 there and 0.8 here" in line
    assert "config.seed is 1 there and 0 here" in line
    assert "mesh" not in line
    assert "Nothing was touched" in line
    assert os.listdir(tmp_path) == ["config.json"]
    assert (tmp_path / "config.json").read_bytes() == before


def test_unwritable_workdir(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert "is a file, not a folder" in tiny.refused("train.py", *digits(tmp_path / "file" / "run"))
    # Root may write anywhere, so the permission itself is made up here.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "cannot write into" in tiny.refused("train.py", *digits(tmp_path / "run"))


def test_nothing_is_compiled_before_a_refusal(tmp_path, monkeypatch):
    compiled = []
    monkeypatch.setattr(jax.stages.Lowered, "compile", lambda *a, **k: compiled.append(1))
    tiny.refused("train.py", *digits(tmp_path / "run", "--config.batch_size=33"))
    assert compiled == []


def test_help():
    out, _ = tiny.call("train.py", "--help")
    assert "--config=configs/NAME.py[:VARIANT]" in out
