"""Which folders are runs, and which runs count."""

import json
import shutil

import pytest

from analysis.runs import find_runs
from runfiles import RunRecord, write_record
from tests.analysis.runs import make_config, write_run


def names(*folders):
    return [run.workdir.name for run in find_runs(*folders)]


def test_runs_at_any_depth_and_the_folder_itself(tmp_path):
    write_run(tmp_path / "a" / "b", [0.1])
    write_run(tmp_path / "c" / "d" / "e", [0.2])
    assert names(tmp_path) == ["b", "e"]
    assert names(tmp_path / "c" / "d" / "e") == ["e"]


def test_best_and_last_are_numbers_where_there_are_some(tmp_path):
    nan = float("nan")
    write_run(tmp_path / "a", [0.4, 0.6, nan, 0.5])
    write_run(tmp_path / "b", [nan, nan])
    a, b = find_runs(tmp_path)
    assert (a.best("accuracy"), a.last("accuracy")) == (0.6, 0.5)
    assert str((b.best("accuracy"), b.last("loss"))) == "(nan, nan)"


def test_a_copy_of_a_run_counts_once(tmp_path, capsys):
    write_run(tmp_path / "a", [0.1, 0.2])
    shutil.copytree(tmp_path / "a", tmp_path / "b" / "a copy")
    assert names(tmp_path) == ["a"]
    assert capsys.readouterr().err == "runs left out: 1 the same as another\n"


def test_a_folder_that_is_given_twice_counts_once_without_a_word(tmp_path, capsys):
    write_run(tmp_path / "a", [0.1])
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert names(tmp_path, tmp_path / "a", tmp_path / "link") == ["a"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "repeat", [{"mesh": {"data": 8}}, {"data__data_dir": "/elsewhere"}, {"log_every": 7}]
)
def test_a_repeat_that_came_out_the_same_says_nothing_new(tmp_path, repeat):
    write_run(tmp_path / "a", [0.1, 0.2])
    write_run(tmp_path / "b", [0.1, 0.2], **repeat)
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("other", [{"seed": 1}, {"model__depth": 34}, {"values": [0.1, 0.3]}])
def test_another_run_counts_even_if_it_came_out_the_same(tmp_path, other):
    write_run(tmp_path / "a", [0.1, 0.2])
    write_run(tmp_path / "b", **({"values": [0.1, 0.2]} | other))
    assert names(tmp_path) == ["a", "b"]


def test_unfinished_and_planned_runs_do_not_count(tmp_path, capsys):
    write_run(tmp_path / "finished", [0.1])
    write_run(tmp_path / "at work", [0.1, 0.9], unfinished=True)
    write_record(tmp_path / "planned", RunRecord(make_config()))
    write_run(tmp_path / "silent", [0.1])
    (tmp_path / "silent" / "metrics.jsonl").unlink()
    assert names(tmp_path) == ["finished"]
    assert capsys.readouterr().err == "runs left out: 3 unfinished\n"


def test_checkpoints_need_not_be_kept_and_are_not_searched(tmp_path):
    write_run(tmp_path / "a", [0.1])
    write_run(tmp_path / "a" / "checkpoints" / "1", [0.2])
    assert names(tmp_path) == ["a"]


def test_a_half_written_last_line_is_passed_over(tmp_path):
    write_run(tmp_path / "a", [0.1, 0.2])
    with (tmp_path / "a" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "eval/acc')
    (run,) = find_runs(tmp_path)
    assert run.evaluations("accuracy") == {1: 0.1, 2: 0.2}


def test_a_record_of_older_code_is_a_run(tmp_path):
    write_run(tmp_path / "a", [0.1])
    old = {"config": make_config(), "steps": 1, "best_metric": "accuracy", "code": {"commit": "x"}}
    (tmp_path / "a" / "config.json").write_text(json.dumps(old))
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("text", ['{"model_type": "bert"}', '{"config"', "[]"])
def test_a_stranger_of_the_same_name_is_passed_over_by_name(tmp_path, text, capsys):
    write_run(tmp_path / "a", [0.1])
    (tmp_path / "config.json").write_text(text)
    assert names(tmp_path) == ["a"]
    assert capsys.readouterr().err.startswith(f"passed over: {tmp_path / 'config.json'} ")


def test_what_holds_no_run_is_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"x does not exist\.$"):
        find_runs(tmp_path / "x")
    with pytest.raises(FileNotFoundError, match="holds no run"):
        find_runs(tmp_path)
    write_run(tmp_path / "a", [0.1], unfinished=True)
    with pytest.raises(FileNotFoundError, match="holds no finished run: 1 unfinished"):
        find_runs(tmp_path)
    with pytest.raises(NotADirectoryError, match="is a file"):
        find_runs(tmp_path / "a" / "config.json")
