"""The loop where a process test cannot aim: a stop in the middle of an evaluation."""

import os
import signal

import jax
import pytest
from jax.sharding import Mesh

from tests import tiny
from training import loop
from training.run import Run, build_run
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


def test_a_run_goes_on_with_another_number_of_devices(tmp_path):
    config = tiny.config(log_every=2)
    two = build_run(config)
    one = Run(config, two.task, Mesh(jax.devices()[:1], ("data",)))
    two.steps = 3
    loop.train(two, tmp_path)
    state, stopped_by = loop.train(one, tmp_path)
    assert (stopped_by, int(state.step)) == (None, 6)
    assert {leaf.devices() == {jax.devices()[0]} for leaf in jax.tree.leaves(state)} == {True}
