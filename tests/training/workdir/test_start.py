"""``config.json``: the run, and each of its starts."""

import pytest

from runfiles import RunRecord, read_record
from tasks import Curve
from tests import tiny
from training.config import plain, write_config
from training.workdir.start import begin_run

CURVES = [Curve("Loss", "loss", "log")]


def begin(workdir, config, step):
    begin_run(workdir, config, step=step, steps=6, best_metric="accuracy", curves=CURVES,
              class_names=("a", "b"))  # fmt: skip


@pytest.mark.parametrize("swept", [False, True])
def test_it_holds_config_task_code_and_packages(tmp_path, swept):
    """Of a run that a sweep has written before too."""
    config = tiny.config()
    if swept:
        write_config(tmp_path, config)
        assert read_record(tmp_path) == RunRecord(plain(config))
        assert not read_record(tmp_path).begun
    begin(tmp_path, config, step=0)
    record = read_record(tmp_path)
    assert record.begun
    assert record.config == plain(config) and record.config["regularizer"]["groups"] == [3, 4]
    assert (record.steps, record.best_metric) == (6, "accuracy")
    assert record.class_names == ["a", "b"]
    assert record.curves == [{"title": "Loss", "metric": "loss", "scale": "log"}]
    (start,) = record.starts
    assert start["step"] == 0 and "commit" in start["code"]
    assert start["packages"].keys() >= {"jax", "flax", "optax", "orbax-checkpoint"}


def test_every_resume_is_recorded_and_the_first_config_stays(tmp_path):
    begin(tmp_path, tiny.config(), step=0)
    begin(tmp_path, tiny.config(log_every=3), step=4)
    record = read_record(tmp_path)
    assert [start["step"] for start in record.starts] == [0, 4]
    assert record.config == plain(tiny.config())
