"""Changes from a command line or a grid: types, None, dicts, the length of a run, and names."""

import pytest

from configs import digits
from training.config import change


def changed(**changes):
    fields = {name.replace("__", "."): value for name, value in changes.items()}
    return change(digits.get_config(), fields)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("batch_size", "32", 32),
        ("batch_size", 32.0, 32),
        ("learning_rate.base", "1", 1.0),
        ("learning_rate.base", "1e-3", 1e-3),
        ("learning_rate.base", 1, 1.0),
        ("optimizer.nesterov", "false", False),
        ("optimizer.nesterov", "True", True),
        ("optimizer.nesterov", "0", False),
        ("regularizer.groups", "(3, 4)", (3, 4)),
        ("regularizer.groups", "4", (4,)),
        ("regularizer.groups", [1, 2], (1, 2)),
        ("learning_rate.drop_steps", "", ()),
        ("steps", "None", None),
        ("epochs", "3", 3.0),
        ("data.data_dir", "None", None),
        ("data.train_split", "train[:10]", "train[:10]"),
        ("mesh.fsdp", "2", 2),
    ],
)
def test_a_value_has_its_fields_type(field, value, expected):
    config = change(digits.get_config(), {"epochs": "1", field: value})
    node = config
    for name in field.split("."):
        node = node[name]
    assert node == expected and type(node) is type(expected)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("batch_size", "3.5", "config.batch_size must be a whole number, got '3.5'"),
        ("batch_size", 3.5, "must be a whole number, got 3.5"),
        ("batch_size", True, "must be a whole number, got True"),
        ("batch_size", float("inf"), "must be a whole number, got inf"),
        ("learning_rate.base", "high", "must be a number, got 'high'"),
        ("learning_rate.base", True, "must be a number, got True"),
        ("optimizer.nesterov", "maybe", "must be true or false, got 'maybe'"),
        ("regularizer.groups", "(3,", "must be a tuple such as"),
        ("precision", 32, "must be a text, got 32"),
        ("regularizer", "dropblock", "has fields: give config.regularizer.NAME, or a dict of them"),
        ("regularizer", "{'name'", "config.regularizer must be a dict"),
        ("regularizer.keepprob", "0.9", "did you mean 'keep_prob'?"),
        ("steps.x", "3", "config.steps is a single value and has no field 'x'"),
        ("modle.depth", "10", "unknown field of config 'modle': did you mean 'model'?"),
    ],
)
def test_what_is_none_is_refused(field, value, message):
    with pytest.raises(ValueError) as caught:
        change(digits.get_config(), {field: value})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dict_changes_the_fields_that_it_has():
    for value in (
        "{'name': 'dropblock', 'keep_prob': 0.7}",
        {"name": "dropblock", "keep_prob": 0.7},
    ):
        config = changed(regularizer=value)
        assert (config.regularizer.name, config.regularizer.keep_prob) == ("dropblock", 0.7)
        assert config.regularizer.block_size == 3  # as in the file
    with pytest.raises(ValueError, match="did you mean 'keep_prob'"):
        changed(regularizer={"keep_prb": 0.7})


def test_later_changes_win():
    config = changed(regularizer={"keep_prob": 0.7}, regularizer__keep_prob="0.6")
    assert config.regularizer.keep_prob == 0.6
    config = changed(regularizer__keep_prob="0.6", regularizer={"keep_prob": 0.7})
    assert config.regularizer.keep_prob == 0.7


def test_the_length_is_what_was_asked_for_last():
    assert digits.get_config().steps == 700
    config = changed(epochs="2")
    assert (config.steps, config.epochs) == (None, 2.0)
    config = changed(epochs="2", steps="9")
    assert (config.steps, config.epochs) == (9, 2.0)
    config = changed(epochs=None)
    assert (config.steps, config.epochs) == (700, None)


def test_no_epochs_leave_the_steps():
    assert changed(epochs="None").steps == 700


def test_names_come_first_for_they_decide_which_fields_there_are():
    """Whatever the order on the command line."""
    fields = {"model.num_cells": "2", "model.cell": "a", "model.name": "amoebanet"}
    config = change(digits.get_config(), fields)
    assert (config.model.name, config.model.num_cells, config.model.cell) == ("amoebanet", 2, "a")


def test_another_name_leaves_behind_what_is_the_old_ones_alone():
    config = changed(**{"optimizer.name": "adamw", "optimizer.b1": "0.8"})
    assert (config.optimizer.b1, config.optimizer.weight_decay) == (0.8, 5e-4)
    assert "momentum" not in config.optimizer and config.optimizer.nesterov is False
    config = changed(**{"model.name": "amoebanet"})
    assert config.model.small_images and config.model.cell == "b" and "depth" not in config.model
    with pytest.raises(ValueError, match=r"unknown field of config\.model 'depth'"):
        changed(**{"model.name": "amoebanet", "model.depth": "18"})


def test_the_same_name_changes_nothing():
    assert changed(**{"optimizer.name": "sgd"}).optimizer.momentum == 0.9
