"""Every field of config.data that is wrong is refused in one line, before a file is opened."""

import math

import pytest

import data
from data.settings import read_settings
from tests.data.tiny import config


def refused(match, without=(), **changes):
    settings = dict(config(None)) | changes
    for name in without:
        del settings[name]
    with pytest.raises(ValueError, match=match) as error:
        data.check(settings)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("image_size", value) for value in (0, -8, 8.5, "8", None, True)),
        *(("cutout", value) for value in (-1, 1.5, "none")),
        *(("mean", value) for value in ((0.5,), (0.5,) * 4, (124, 116, 104), (0.5, 0.5, -0.1))),
        *(("mean", value) for value in ((0.5, 0.5, "0.5"), (0.5, 0.5, math.nan), 0.5, "0.5")),
        *(("std", value) for value in ((0.2, 0.2, 0), (0.2, 0.2, -0.2), (58, 57, 57), (0.2,))),
        *(("threads", value) for value in (-1, 1.5, "2")),
        *(("prefetch", value) for value in (-1, None, math.inf)),
        *(("class_names", value) for value in ("ab", ("a", ""), ("a", "a"), (1, 2))),
        *(("max_bad_share", value) for value in (-0.1, 1.1, math.nan, "1%", None)),
        *(("autoaugment", value) for value in ("cifar", None)),
        *(("preprocess", value) for value in ("ciphar", "base", None, 3)),
        *(("name", value) for value in ("", None, 3)),
        *(("train_split", value) for value in ("", None)),
        ("eval_split", 5),
        ("data_dir", 5),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(field, value):
    refused(rf"config\.data\.{field}.*(must be .*, got|allowed: )", **{field: value})
    with pytest.raises(ValueError) as error:
        data.check(dict(config(None)) | {field: value})
    assert repr(value) in str(error.value)


def test_the_number_of_channels_is_the_preprocess_s():
    refused(r"config\.data\.mean must be 1 number in", preprocess="digits")
    data.check(config(None, preprocess="digits", mean=(0.3,), std=(0.4,)))


def test_grey_images_have_no_autoaugment():
    changes = {"preprocess": "digits", "mean": (0.3,), "std": (0.4,), "autoaugment": "cifar10"}
    refused("'none' for grey images", **changes)


@pytest.mark.parametrize("field", ["preprocess", "image_size", "std", "name", "threads"])
def test_a_missing_field_is_named(field):
    refused(rf"config\.data\.{field} is missing", without=[field])


def test_an_unknown_field_gets_the_nearest_name():
    refused(r"config\.data\.cutuot is no field.*did you mean 'cutout'", cutuot=3)


def test_fields_at_their_defaults_may_be_left_out():
    settings = config(None)
    del settings["autoaugment"], settings["cutout"]
    data.check(settings)


def test_no_file_is_opened(monkeypatch):
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("a file was opened"))
    assert read_settings(config(None, name="no_such_set")).name == "no_such_set"


def test_a_plain_dict_will_do():
    data.check(dict(config(None)))
