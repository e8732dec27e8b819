"""sweep.csv, from whatever runs have left so far."""

import csv

import pytest
from ml_collections import ConfigDict

from runfiles import FAILED, METRICS, RunRecord, State, write_record
from sweeps.launch import Board
from sweeps.live import LiveTable
from sweeps.plan import Trial
from sweeps.table import best_of, read_result


@pytest.fixture
def trials(tmp_path):
    """One that is done, one whose first evaluation is no number, one that has not begun."""
    models = {"a": {"depth": 10}, "b": {"width": 4, "cells": (1, 2)}, "c": {}}
    found = {
        name: Trial(
            *(name, tmp_path / name, {f"model.{field}": value for field, value in model.items()}),
            ConfigDict({"seed": 3, "batch_size": 8, "model": model}),
        )
        for name, model in models.items()
    }
    for name, lines in (
        ("a", '{"step": 2, "train/images_per_second": 16}\n{"step": 2, "eval/accuracy": 0.5}\n'
              '{"step": 4, "eval/accuracy": 0.5, "train/images_per_second": 0.0}\n{"step": 4, "ev'),
        ("b", '{"step": 2, "eval/accuracy": null}\n{"step": 4, "eval/accuracy": 0.25}\n'),
    ):  # fmt: skip
        config = {"seed": 3}
        write_record(found[name].workdir, RunRecord(config, steps=4, best_metric="accuracy"))
        (found[name].workdir / METRICS).write_text(lines)
    return found


def test_best_and_last_are_of_what_was_measured(trials):
    a, b, c = map(read_result, trials.values())
    assert (a.best, a.best_step, a.last, a.step, a.steps) == (0.5, 4, 0.5, 4, 4)
    assert a.seconds == 1.0
    assert (b.best, b.best_step, b.last) == (0.25, 4, 0.25)
    assert (c.best, c.steps, c.step) == (None, None, 0)
    results = dict(zip(trials.values(), (b, c, a), strict=True))
    assert [result for _, result in best_of(results, 3)] == [a, b]


def test_a_row_for_each_run_whatever_its_fields(trials, tmp_path, capsys):
    states = dict(zip(trials.values(), (State.DONE, State.FAILED, State.FAILED), strict=True))
    (trials["b"].workdir / FAILED).write_text("it broke\n  in two\n")
    LiveTable(tmp_path).show(Board(states))
    with (tmp_path / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["a", "b", "c"]
    assert [row["model.depth"] for row in rows] == ["10", "", ""]
    assert [row["model.cells"] for row in rows] == ["", "[1, 2]", ""]
    assert [row["failed"] for row in rows] == ["", "it broke in two", ""]
    assert [row["best_accuracy"] for row in rows] == ["0.5", "0.25", ""]
    assert [row["seed"] for row in rows] == ["3"] * 3
    assert "1 done, 0 running, 2 failed, 0 waiting of 3; best 50.00% a" in capsys.readouterr().err
