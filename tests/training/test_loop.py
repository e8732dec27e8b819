"""The loop where a process test cannot aim: a stop in the middle of an evaluation."""

import os
import signal

import pytest

from tests import tiny
from training import loop
from training.run import build_run
from training.run_files import read_metrics


@pytest.mark.parametrize("at", [3, 6])
def test_a_stop_cuts_an_evaluation_short_and_loses_nothing(tmp_path, monkeypatch, at):
    run = build_run(tiny.config())
    evaluate = loop.evaluate

    def interrupted(run, state, should_stop):
        if int(state.step) == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return evaluate(run, state, should_stop)

    monkeypatch.setattr(loop, "evaluate", interrupted)
    state, stopped_by = loop.train(run, tmp_path)
    assert (stopped_by, int(state.step)) == (signal.SIGTERM, at)

    monkeypatch.setattr(loop, "evaluate", evaluate)
    state, stopped_by = loop.train(run, tmp_path)
    assert (stopped_by, int(state.step)) == (None, 6)
    lines = read_metrics(tmp_path)
    assert [line["step"] for line in lines if "train/loss" in line] == [1, 2, 3, 4, 5, 6]
    assert lines[-1]["step"] == 6 and "eval/accuracy" in lines[-1]
