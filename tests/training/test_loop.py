"""The loop where a process test cannot aim."""

import os
import signal

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import Mesh

from runfiles import read_metrics
from tests import tiny
from training import loop
from training.errors import RunError
from training.run import Run, build_run
from training.stop import StopRequest
from training.workdir import Record


@pytest.fixture(scope="module")
def run():
    return build_run(tiny.config())


def train(run, workdir):
    with StopRequest() as stop, Record(run, workdir) as record:
        state, stopped_by = loop.train(run, record, stop)
    return int(state.step), stopped_by


@pytest.mark.parametrize("at", [3, 6])
def test_a_stop_cuts_an_evaluation_short_and_loses_nothing(tmp_path, monkeypatch, run, at):
    evaluate = loop.evaluate

    def interrupted(run, eval_step, state, stop):
        if int(state.step) == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return evaluate(run, eval_step, state, stop)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "evaluate", interrupted)
        assert train(run, tmp_path) == (at, signal.SIGTERM)
    assert train(run, tmp_path) == (6, None)
    lines = read_metrics(tmp_path)
    assert [line["step"] for line in lines if "train/loss" in line] == [1, 2, 3, 4, 5, 6]
    assert [line["step"] for line in lines if "eval/accuracy" in line] == [3, 6]


def test_a_run_resumes_with_another_number_of_devices(tmp_path):
    config = tiny.config(log_every=2)
    two = build_run(config)
    one = Run(config, two.task, Mesh(jax.devices()[:1], ("data",)))
    two.steps = 3
    assert train(two, tmp_path) == (3, None)
    assert train(one, tmp_path) == (6, None)


def test_the_best_checkpoint_and_the_last_two_are_kept(tmp_path, monkeypatch):
    """The best by the evaluations, which come after the saves."""
    run = build_run(tiny.config(eval_every=1, checkpoint_every=1, log_every=6))
    accuracies = {1: 0.1, 2: 0.7, 3: 0.5, 4: 0.7, 5: 0.2, 6: 0.3}
    monkeypatch.setattr(
        loop, "evaluate", lambda run, step, state, stop: {"accuracy": accuracies[int(state.step)]}
    )
    train(run, tmp_path)
    # Of two that are equally good the later.
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"4", "5", "6"}


def test_parameters_that_are_not_finite_are_not_saved(tmp_path, monkeypatch, run):
    """The loss of the step that makes them is still fine."""
    compile_steps = loop.compile_steps

    def poisoned(run, say):
        steps = compile_steps(run, say)

        def step(state, batch, key):
            state, scalars = steps.train(state, batch, key)
            if int(state.step) == 4:
                state.params["head"]["bias"] = state.params["head"]["bias"] * jnp.nan
            return state, scalars

        return type(steps)(step, steps.evaluate)

    monkeypatch.setattr(loop, "compile_steps", poisoned)
    with pytest.raises(RunError, match=r"state is not finite after step 4; .* is step 3 \("):
        train(run, tmp_path)
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"2", "3"}
