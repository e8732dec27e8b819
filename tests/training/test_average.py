"""The moving average of the parameters: a part of the state, and what is evaluated."""

import dataclasses

import jax
import numpy as np
import pytest

from tests import tiny
from training import loop
from training.devices import send
from training.run import build_run
from training.state import fingerprint
from training.stop import StopRequest
from training.workdir import Record


@pytest.fixture(scope="module")
def run():
    return build_run(tiny.config("baseline", optimizer__ema_decay=0.9))


def test_a_run_without_one_has_no_array_of_it():
    shapes = build_run(tiny.config("baseline")).shapes
    assert shapes.ema is None
    assert shapes.eval_params is shapes.params


def test_average_of_the_steps_and_evaluation_with_it(run):
    state = run.init_state()
    expected = np.asarray(state.params["head"]["kernel"])
    stop = StopRequest()
    rows = iter(run.task.train_batches(0, 0, 1))
    for step in range(3):
        batch = send(run.mesh, next(rows), stop)
        state, _ = run.train_step(state, batch, run.values)
        decay = min(0.9, (2 + step) / (11 + step))
        expected = decay * expected + (1 - decay) * np.asarray(state.params["head"]["kernel"])
        np.testing.assert_allclose(state.ema["head"]["kernel"], expected, rtol=1e-5, atol=1e-8)

    def loss(state):
        return run.eval_step(state, batch)[0].values()["loss"]

    swapped = dataclasses.replace(state, params=state.ema, ema=state.params)
    assert loss(state) != loss(swapped)
    assert loss(state) == loss(dataclasses.replace(swapped, ema=None))


def test_a_resumed_run_has_the_same_average(run, tmp_path):
    def train(steps, workdir):
        part = build_run(run.config)
        part.steps = steps
        with StopRequest() as stop, Record(part, workdir) as record:
            return loop.train(part, record, stop)[0]

    train(3, tmp_path / "stopped")
    resumed, whole = train(6, tmp_path / "stopped"), train(6, tmp_path / "whole")
    assert fingerprint(resumed) == fingerprint(whole)
    assert jax.tree.structure(resumed.ema) == jax.tree.structure(resumed.params)
