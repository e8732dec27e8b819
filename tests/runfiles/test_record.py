"""config.json of planned, begun and older runs."""

import json

import pytest

from runfiles import RunRecord, flat, read_record, write_record

CONFIG = {"seed": 0, "model": {"name": "resnet", "groups": [3, 4]}, "data_dir": None}
BEGUN = RunRecord(
    config=CONFIG,
    steps=6,
    best_metric="accuracy",
    curves=[{"title": "Accuracy", "metric": "accuracy", "scale": "percent"}],
    starts=[{"step": 0, "time": "2026-01-01T00:00:00+00:00", "python": "3.12"}],
)


@pytest.mark.parametrize("record", [RunRecord(CONFIG), BEGUN])
def test_what_is_written_is_read(tmp_path, record):
    write_record(tmp_path / "run", record)
    assert read_record(tmp_path / "run") == record


def test_a_planned_run_is_its_config_alone(tmp_path):
    write_record(tmp_path, RunRecord(CONFIG))
    assert json.loads((tmp_path / "config.json").read_text()) == {"config": CONFIG}
    assert not read_record(tmp_path).begun
    write_record(tmp_path, BEGUN)
    assert read_record(tmp_path).begun


def test_a_record_of_older_code_has_its_first_start_and_no_curves(tmp_path):
    old = {
        "config": CONFIG,
        "steps": 6,
        "best_metric": "accuracy",
        "code": {"commit": "abc+"},
        "packages": {"jax": "0.10.0"},
        "python": "3.11.2",
    }
    (tmp_path / "config.json").write_text(json.dumps(old))
    record = read_record(tmp_path)
    assert (record.config, record.steps, record.best_metric) == (CONFIG, 6, "accuracy")
    assert record.curves == []
    assert record.starts == [
        {"step": 0, "code": old["code"], "packages": old["packages"], "python": "3.11.2"}
    ]


def test_what_later_code_adds_is_passed_over(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": CONFIG, "mood": "good"}))
    assert read_record(tmp_path) == RunRecord(CONFIG)


def test_without_a_file_there_is_no_record(tmp_path):
    assert read_record(tmp_path) is None
    (tmp_path / "file").touch()
    assert read_record(tmp_path / "file") is None


@pytest.mark.parametrize("text", ["", '{"config": {"a"', "[]", '{"model_type": "bert"}', "\udcff"])
def test_a_file_that_is_no_record_is_named_in_one_line(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=r"config\.json") as refusal:
        read_record(tmp_path)
    assert str(path) in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_record_is_strict_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_record(tmp_path, RunRecord({"clip_norm": float("inf")}))
    assert not (tmp_path / "config.json").exists()


def test_flat():
    tree = {"a": 1, "b": {"c": [2], "d": {"e": None}}}
    assert flat(tree) == {"a": 1, "b.c": [2], "b.d.e": None}
    assert flat(tree, "config.", "/") == {"config.a": 1, "config.b/c": [2], "config.b/d/e": None}
