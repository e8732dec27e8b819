"""Many runs as one program: each as if it were alone."""

import itertools

import jax
import numpy as np
import pytest

from runfiles import read_metrics
from tests import tiny
from training import loop
from training.errors import NotFinite
from training.run import Run, build_run
from training.state import fingerprint
from training.stop import StopRequest
from training.together import RecordsTogether, RunsTogether
from training.workdir import Record

CHANGES = [
    {"seed": 0, "regularizer__keep_prob": 0.9},
    {"seed": 1, "regularizer__keep_prob": 0.5},
    {"seed": 0, "learning_rate__base": 0.1},
    {"seed": 1, "optimizer__weight_decay": 0.1},
]


def train(run, record):
    with StopRequest() as stop, record:
        state, _ = loop.train(run, record, stop)
    return jax.device_get(state)


def together(configs, folder):
    runs = RunsTogether(configs)
    return train(runs, RecordsTogether(runs, [folder / str(n) for n in range(len(configs))]))


def alone(config, folder):
    run = build_run(config, jax.devices()[:1])
    return train(run, Record(run, folder))


def same(one, other):
    return jax.tree.all(
        jax.tree.map(lambda a, b: np.allclose(a, b, rtol=1e-4, atol=1e-5), one, other)
    )


def near(one, other):
    """To 2 % of each array's largest: runs of one device are rounded otherwise, by a ReLU too."""
    return jax.tree.all(
        jax.tree.map(lambda a, b: np.abs(a - b).max() <= 0.02 * np.abs(b).max(), one, other)
    )


def rows(folder):
    """The metrics but for the clock's."""
    clock = ("images_per_second", "data_wait", "checkpoint_seconds")
    return [
        {name: value for name, value in line.items() if not name.endswith(clock)}
        for line in read_metrics(folder)
    ]


@pytest.fixture(scope="module")
def by_itself(tmp_path_factory):
    """Each run alone: states and folder."""
    folder = tmp_path_factory.mktemp("alone")
    configs = [tiny.config(**changes) for changes in CHANGES]
    return [alone(config, folder / str(n)) for n, config in enumerate(configs)], folder


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_each_run_is_as_alone(tmp_path, by_itself, count):
    """One on each of the two devices, and two on each: parameters, statistics, slots, metrics."""
    states, folder = by_itself
    state = together([tiny.config(**changes) for changes in CHANGES[:count]], tmp_path)
    agree = near if count > jax.device_count() else same
    for index in range(count):
        assert agree(jax.tree.map(lambda leaf, at=index: leaf[at], state), states[index])
        for line, other in zip(rows(tmp_path / str(index)), rows(folder / str(index)), strict=True):
            assert line.pop("train/dropped", None) == other.pop("train/dropped", None)
            assert line == pytest.approx(other, rel=1e-4, abs=1e-5)
    # They differ among each other.
    for a, b in itertools.combinations(states, 2):
        assert not same(a, b)


@pytest.mark.slow
def test_a_run_resumes_alone_and_together_again(tmp_path, by_itself):
    states, _ = by_itself
    configs = [tiny.config(**changes) for changes in CHANGES[:2]]
    runs = RunsTogether(configs)
    folders = [tmp_path / str(n) for n in range(2)]
    runs.steps = 4
    train(runs, RecordsTogether(runs, folders))
    for config, folder in zip(configs, folders, strict=True):
        run = build_run(config, jax.devices()[:1])
        run.steps = 5
        train(run, Record(run, folder))
    runs.steps = 6
    records = RecordsTogether(runs, folders)
    assert records.step == 5
    state = train(runs, records)
    for index in range(2):
        assert same(jax.tree.map(lambda leaf, at=index: leaf[at], state), states[index])
        steps = [line["step"] for line in read_metrics(folders[index]) if "train/loss" in line]
        assert steps == [1, 2, 3, 4, 5, 6]
    checkpoint = Record(build_run(configs[1], jax.devices()[:1]), folders[1])
    with checkpoint:
        own = jax.tree.map(lambda leaf: np.asarray(leaf[1]), state)
        assert fingerprint(checkpoint.restore()) == fingerprint(own)


@pytest.mark.slow
def test_the_runs_that_diverge_are_named(tmp_path):
    configs = [tiny.config(), tiny.config(learning_rate__base=1e30)]
    with pytest.raises(NotFinite) as caught:
        together(configs, tmp_path)
    assert caught.value.where.tolist() == [False, True]
    assert "not finite" in caught.value.what or "the loss is" in caught.value.what


def test_another_value_is_the_same_program():
    """seed, keep_prob, learning rate and weight decay compile nothing anew."""
    first = build_run(tiny.config())

    def program(run: Run) -> str:
        shapes = (run.abstract_state(), run.abstract_batch(train=True), run.values)
        return run.train_step.lower(*shapes).as_text()

    other = tiny.config(
        seed=5, regularizer__keep_prob=0.7, learning_rate__base=0.1, optimizer__weight_decay=0.2
    )
    assert program(build_run(other)) == program(first)
    assert program(build_run(tiny.config(regularizer__block_size=1))) != program(first)
