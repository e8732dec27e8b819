"""Lines are strict JSON; what a crash or an older writer left is read."""

import json
import math

import pytest

from runfiles import json_line, read_lines

NAN = float("nan")


def test_a_number_that_is_not_finite_is_null_and_comes_back_as_nan(tmp_path):
    line = json_line({"a": NAN, "b": {"c": math.inf, "d": [1, -math.inf]}, "e": (2.5,)})
    assert json.loads(line, parse_constant=pytest.fail) == {
        "a": None,
        "b": {"c": None, "d": [1, None]},
        "e": [2.5],
    }
    (tmp_path / "f").write_text(line + "\n")
    (back,) = read_lines(tmp_path / "f")
    assert math.isnan(back["a"]) and math.isnan(back["b"]["c"]) and back["e"] == [2.5]


def test_the_tokens_of_older_files_are_read(tmp_path):
    (tmp_path / "f").write_text('{"a": NaN, "b": -Infinity}\n')
    (line,) = read_lines(tmp_path / "f")
    assert math.isnan(line["a"]) and line["b"] == -math.inf


@pytest.mark.parametrize("broken", [b'{"a": 2', b"", b"\0\0\0", b'{"a": "\xff', b"[1]", b"3"])
def test_a_broken_line_costs_no_other_line(tmp_path, broken):
    (tmp_path / "f").write_bytes(b'{"a": 1}\n' + broken + b'\n{"a": 3}\n' + broken)
    assert read_lines(tmp_path / "f") == [{"a": 1}, {"a": 3}]


def test_an_absent_file_has_no_lines(tmp_path):
    assert read_lines(tmp_path / "f") == []


def test_a_line_holds_any_text(tmp_path):
    values = {"a": "x\u2028y\nz"}
    (tmp_path / "f").write_text(json_line(values) + "\n")
    assert read_lines(tmp_path / "f") == [values]
