"""What a run has logged, evaluated and saved; and when nothing is left to do."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from runfiles import (
    RunRecord,
    best_step,
    checkpoint_steps,
    evaluations,
    is_complete,
    json_line,
    read_metrics,
    write_record,
)

NAN = float("nan")


def write_metrics(folder, *lines):
    (folder / "metrics.jsonl").write_text("".join(json_line(line) + "\n" for line in lines))


def test_metrics_have_a_step(tmp_path):
    assert read_metrics(tmp_path) == []
    write_metrics(tmp_path, {"step": 1, "a": 2}, {"a": 3}, {"step": None}, {"step": 2})
    assert read_metrics(tmp_path) == [{"step": 1, "a": 2}, {"step": 2}]


def test_evaluations_are_those_of_the_metric(tmp_path):
    write_metrics(
        tmp_path,
        {"step": 1, "train/accuracy": 0.1},
        {"step": 1, "eval/accuracy": 0.2},
        {"step": 2, "eval/loss": 0.3},
        {"step": 3, "eval/accuracy": NAN},
    )
    values = evaluations(tmp_path, "accuracy")
    assert list(values) == [1, 3]
    assert values[1] == 0.2 and math.isnan(values[3])


def test_the_best_step_is_of_a_number_and_the_later_of_equals():
    assert best_step({1: 0.5, 2: NAN, 3: 0.7, 4: 0.7, 5: 0.6}) == 4
    assert best_step({1: NAN}) is None
    assert best_step({}) is None


def test_checkpoints_are_folders_with_a_number_for_a_name(tmp_path):
    assert checkpoint_steps(tmp_path) == []
    folder = tmp_path / "checkpoints"
    for name in ("10", "9", "11.orbax-checkpoint-tmp", "²", "-1", "latest"):
        (folder / name).mkdir(parents=True)
    (folder / "6").touch()
    assert checkpoint_steps(tmp_path) == [9, 10]


@pytest.mark.parametrize("missing", ["none", "record", "begun", "checkpoint", "evaluation"])
def test_a_complete_run_has_its_last_state_saved_and_evaluated(tmp_path, missing):
    if missing != "record":
        begun = {} if missing == "begun" else {"steps": 6, "best_metric": "mean_iou"}
        write_record(tmp_path, RunRecord({}, **begun))
    (tmp_path / "checkpoints" / ("4" if missing == "checkpoint" else "6")).mkdir(parents=True)
    write_metrics(tmp_path, {"step": 5 if missing == "evaluation" else 6, "eval/mean_iou": 0.5})
    assert is_complete(tmp_path) == (missing == "none")


def test_the_room_needs_the_standard_library_alone():
    # -S leaves site-packages off the path.
    command = [sys.executable, "-S", "-c", "import runfiles"]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True)
