"""What rows are called, and that only runs which differ in nothing but their seed share one."""

import json

import pytest

from analysis.differences import tell_apart
from analysis.rows import row_of, tell_rows_apart
from analysis.runs import find_runs
from configs import digits
from tests.analysis.runs import DROPBLOCK, make_config, write_run


@pytest.mark.parametrize(
    ("variant", "row"),
    [
        (name, name)
        for name in ("baseline", "dropout", "drop_path", "spatial_dropout", "cutout",
                     "autoaugment", "label_smoothing", "dropblock")
    ]
    + [("dropblock_label_smoothing", "dropblock + label_smoothing")],
)  # fmt: skip
def test_every_variant_is_its_row(variant, row):
    assert row_of(json.loads(digits.get_config(variant).to_json())) == row


def test_a_run_of_another_task_has_a_row():
    config = make_config()
    del config["data"]["cutout"], config["data"]["autoaugment"], config["task"]["label_smoothing"]
    assert row_of(config) == "baseline"
    assert row_of({"data": {}}) == "baseline"


def test_the_fewest_fields_tell_settings_apart():
    a = {"steps": 1, "data.name": "x", "data.size": 8, "groups": [3, 4]}
    assert tell_apart([]) == []
    assert tell_apart([a, a]) == ["", ""]
    b = a | {"data.name": "y", "data.size": 9}
    assert tell_apart([a, b, a]) == ["data.name=x", "data.name=y", "data.name=x"]
    c = b | {"steps": 2, "groups": [4]}
    assert tell_apart([a, b, c]) == [
        "data.name=x, steps=1",
        "data.name=y, steps=1",
        "data.name=y, steps=2",
    ]
    assert tell_apart([{"g": [3, 4]}, {}]) == ["g=3+4", "g=absent"]


def test_fields_that_say_most_and_that_all_have_are_named():
    resnet = {"data.size": 8, "model.name": "resnet", "model.depth": 18}
    amoebanet = {"data.size": 16, "model.name": "amoebanet"}
    assert tell_apart([resnet, amoebanet]) == ["model.name=resnet", "model.name=amoebanet"]
    cells = [amoebanet | {"model.cells": count} for count in (1, 2)]
    assert tell_apart([resnet, *cells]) == [
        "model.name=resnet, model.cells=absent",
        "model.name=amoebanet, model.cells=1",
        "model.name=amoebanet, model.cells=2",
    ]


def suffixes(folder, **options):
    runs = find_runs(folder)
    name_of = options.pop("name_of", lambda run: row_of(run.config))
    return tell_rows_apart(runs, name_of, columns=options.pop("columns", ()))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"seed": 1, "epochs": 2.0, "data__data_dir": "/d"}, ("", "")),
        ({"values": [0.1, 0.9, 0.9]}, ("steps=2", "steps=3")),
        ({"model__depth": 34}, ("model.depth=18", "model.depth=34")),
        ({"data__name": "cifar10"}, ("data.name=digits", "data.name=cifar10")),
        ({"batch_size": 64, "seed": 2}, ("batch_size=16", "batch_size=64")),
        ({"regularizer__block_size": 5}, tuple(f"block_size={n}" for n in (3, 5))),
        ({"batch_size": 16.0}, ("", "")),
    ],
)
def test_what_differs_in_more_than_the_seed_is_another_row(tmp_path, change, names):
    write_run(tmp_path / "a", [0.1, 0.2], **DROPBLOCK)
    write_run(tmp_path / "b", **({"values": [0.3, 0.4]} | DROPBLOCK | change))
    assert tuple(suffixes(tmp_path)) == names


def test_settings_are_told_apart_across_rows_and_their_subjects_within(tmp_path):
    write_run(tmp_path / "a", [0.1], regularizer__block_size=5)
    write_run(tmp_path / "b", [0.2], regularizer__block_size=7, **DROPBLOCK)
    write_run(tmp_path / "c", [0.3], regularizer__block_size=9, **DROPBLOCK)
    write_run(tmp_path / "d", [0.4, 0.5], task__label_smoothing=0.1)
    assert suffixes(tmp_path) == [
        "steps=1",
        "block_size=7, steps=1",
        "block_size=9, steps=1",
        "steps=2",
    ]
    columns = ("regularizer.block_size", "steps")
    assert suffixes(tmp_path, columns=columns) == [""] * 4


def test_fields_of_no_regulariser_tell_nothing(tmp_path):
    write_run(tmp_path / "a", [0.1], regularizer__keep_prob=0.5)
    write_run(tmp_path / "b", [0.2], regularizer__keep_prob=0.9, seed=1)
    assert suffixes(tmp_path) == ["", ""]
