"""Predictions as text: JSON lines, and a table with the same values."""

import csv
import json

import pytest

from inference.lines import FORMATS

FILES = {"file": 'a, "b"\n.png', "picture": "to/a.png"}
FOUND = [
    {"name": "cat", "score": 0.5, "box": [1.0, 2.0, 3.0, 4.0]},
    {"name": "dog", "score": float("nan"), "box": [5.0, 6.0, 7.0, 8.0]},
]


class Task:
    found = "boxes"
    columns = ("name", "score", "x", "y", "width", "height")


def test_json_is_strict_and_one_line():
    line = FORMATS["json"](Task())(FILES, FOUND)
    assert "\n" not in line
    assert json.loads(line) == FILES | {"boxes": [FOUND[0], FOUND[1] | {"score": None}]}


@pytest.mark.parametrize("found", [FOUND, []])
def test_a_table_has_a_row_a_thing_and_one_where_nothing_is_found(found):
    lines = FORMATS["csv"](Task())
    text = "\n".join([lines(FILES, found), lines(FILES, FOUND[:1])])
    head, *rows = csv.reader(text.splitlines(keepends=True))
    assert head == ["file", "picture", *Task.columns]
    values = [
        ["cat", "0.5", "1.0", "2.0", "3.0", "4.0"],
        ["dog", "nan", "5.0", "6.0", "7.0", "8.0"],
    ]
    expected = [*(values if found else [[""] * 6]), values[0]]
    assert rows == [[*FILES.values(), *row] for row in expected]
