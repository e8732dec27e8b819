"""Whether a workdir's run is the run of a config."""

import os

import pytest

from tests import tiny
from training.config import check_workdir, identity, write_config


def test_what_does_not_change_the_result_may_differ(tmp_path):
    write_config(tmp_path, tiny.config())
    free = tiny.config(
        mesh__data=1,
        eval_every=5,
        checkpoint_every=5,
        log_every=2,
        data__threads=9,
        data__prefetch=9,
        data__data_dir="/elsewhere",
    )
    check_workdir(str(tmp_path), free)
    assert identity(free) == identity(tiny.config())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 7}, "config.steps is 6 there and 7 here"),
        ({"seed": 1}, "config.seed is 0 there and 1 here"),
        ({"regularizer__keep_prob": 0.8}, "config.regularizer.keep_prob is 0.9 there and 0.8"),
        ({"regularizer__groups": (4,)}, "config.regularizer.groups is [3, 4] there and [4] here"),
        ({"precision": "bfloat16"}, 'config.precision is "float32" there and "bfloat16" here'),
        ({"epochs": 3.0, "steps": None}, "config.epochs is null there and 3.0 here"),
    ],
)
def test_another_run_is_refused_and_left_alone(tmp_path, changes, message):
    write_config(tmp_path, tiny.config())
    before = (tmp_path / "config.json").read_bytes()
    config = tiny.config(**changes)
    assert identity(config) != identity(tiny.config())
    with pytest.raises(ValueError) as caught:
        check_workdir(str(tmp_path), config)
    assert message in str(caught.value)
    assert "Nothing was touched" in str(caught.value)
    assert (tmp_path / "config.json").read_bytes() == before
    assert os.listdir(tmp_path) == ["config.json"]


def test_a_folder_that_is_not_there_may_be_made(tmp_path):
    check_workdir(str(tmp_path / "new" / "run"), tiny.config())
    assert os.listdir(tmp_path) == []
