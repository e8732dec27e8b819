"""A run's steps: on meshes, over steps, in both precisions."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests import tiny
from training.devices import build_mesh, send
from training.devices.mesh import SMALLEST_SPLIT
from training.evaluation import evaluate
from training.run import Run, build_run
from training.stop import StopRequest

UNSTOPPED = StopRequest()


@pytest.fixture(scope="module")
def run():
    return build_run(tiny.config())


def test_one_compilation_for_all_steps_and_scheduled_keep_prob(run):
    state, log = tiny.first_steps(run, 3)
    assert run.train_step._cache_size() == 1
    assert [float(line["keep_prob"]) for line in log] == pytest.approx(
        [1, 1 - 0.1 / 6, 1 - 0.2 / 6]
    )
    assert float(log[0]["dropped"][4]) == 0
    assert int(state.step) == 3
    assert {leaf.dtype for leaf in jax.tree.leaves(state.params)} == {jnp.dtype("float32")}


def test_same_training_on_one_device_and_on_two(run):
    """Losses, statistics and masks are those of the global batch, parameters split or not."""
    alone = tiny.on_one_device(run)
    split = Run(run.config, run.task, build_mesh({"data": 1, "fsdp": 2}, 16))
    _, log = tiny.first_steps(alone, 3)
    for other in (run, split):
        _, other_log = tiny.first_steps(other, 3)
        for a, b in zip(log, other_log, strict=True):
            assert a["dropped"] == b["dropped"]
            np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-5)


def test_fsdp_splits_large_arrays_and_keeps_them_split(run):
    split = Run(run.config, run.task, build_mesh({"data": 1, "fsdp": 2}, 16))
    for state in (split.init_state(), tiny.first_steps(split, 1)[0]):
        large = [leaf for leaf in jax.tree.leaves(state) if leaf.size >= SMALLEST_SPLIT]
        assert len(large) >= 4
        assert all(2 * leaf.addressable_data(0).size == leaf.size for leaf in large)
        small = [leaf for leaf in jax.tree.leaves(state) if leaf.size < SMALLEST_SPLIT]
        assert all(leaf.is_fully_replicated for leaf in small)


def test_seed_changes_everything_and_nothing_else_does(run):
    same, other = build_run(tiny.config()), build_run(tiny.config(seed=1))
    first = [r.init_state().params["stem"]["conv"]["kernel"] for r in (run, same, other)]
    assert (first[0] == first[1]).all()
    assert not (first[0] == first[2]).all()


def test_baseline_has_no_trace_of_a_regulariser(run):
    def program(run):
        lowered = run.train_step.lower(
            run.abstract_state(), run.abstract_batch(train=True), run.values
        )
        return lowered.as_text()

    baseline = build_run(tiny.config("baseline"))
    assert "random" not in program(baseline)
    assert "threefry" not in program(baseline)
    assert "threefry" in program(run) or "random" in program(run)


def test_bfloat16_keeps_float32_state():
    low = build_run(tiny.config(precision="bfloat16"))
    state, log = tiny.first_steps(low, 2)
    floats = [leaf for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    assert {leaf.dtype for leaf in floats} == {jnp.dtype("float32")}
    assert np.isfinite(log[-1]["loss"])


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Counts:
    hits: jax.Array
    images: jax.Array

    def merge(self, other):
        return jax.tree.map(np.add, self, other)

    def values(self):
        return {"accuracy": float(self.hits / self.images)}


class CountingTask:
    """Says class 1 to everything: what evaluation must make of that is known by hand."""

    best_metric = "accuracy"

    def __init__(self, task):
        self._task = task

    def __getattr__(self, name):
        return getattr(self._task, name)

    def measure(self, model, batch, drop=None):
        hits = jnp.sum((batch["label"] == 1) & batch["mask"])
        return Counts(hits, jnp.sum(batch["mask"]))


@pytest.mark.parametrize("batch_size", [32, 50, 360, 1000])
def test_every_evaluation_image_counts_once(batch_size):
    run = build_run(tiny.config(batch_size=batch_size))
    labels = np.concatenate(
        [batch["label"][batch["mask"]] for batch in run.task.eval_batches(0, 1)]
    )
    assert len(labels) == 360
    run = Run(run.config, CountingTask(run.task), run.mesh)
    assert evaluate(run, run.eval_step, run.init_state(), UNSTOPPED) == {
        "accuracy": (labels == 1).mean()
    }


def test_batches_are_as_the_programs_expect_them(run):
    for train, batches in (
        (True, run.task.train_batches(0, 0, 1)),
        (False, run.task.eval_batches(0, 1)),
    ):
        batch = send(run.mesh, next(iter(batches)), UNSTOPPED)
        expected = run.abstract_batch(train=train)
        assert batch.keys() == expected.keys()
        for name, array in batch.items():
            assert (array.shape, array.dtype) == (expected[name].shape, expected[name].dtype)
            assert array.sharding == expected[name].sharding


ROWS = ["dropout", "spatial_dropout", "drop_path", "cutout", "dropblock_label_smoothing"]


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_rows_of_table_1_train(row):
    """keep_prob and the share really dropped of each group are those of the row's config."""
    half = {"regularizer__keep_prob": 0.5, "regularizer__schedule": "constant"}
    config = tiny.config(row, **({} if row == "cutout" else half))
    _, log = tiny.first_steps(build_run(config), 2)
    assert all(np.isfinite(line["loss"]) for line in log)
    if row == "cutout":
        assert "dropped" not in log[0]
        return
    dropped = log[1]["dropped"]
    assert set(dropped) == set(config.regularizer.groups)
    for group, share in dropped.items():
        # A batch of 16 in which whole examples are dropped: five deviations are much.
        assert float(share) == pytest.approx(0.5 / 4 ** (4 - group), abs=0.35 / 4 ** (4 - group))


def test_frozen_parameters_stay_while_the_others_move():
    """Bit for bit, in a whole run's steps: parameters are frozen, statistics are not."""
    run = build_run(tiny.config("baseline", model__frozen="('stem', 'group1')"))
    before = jax.device_get(run.init_state().params)  # the step takes the state's memory
    state, _ = tiny.first_steps(run, 3)
    for part, own in jax.device_get(state.params).items():
        same = jax.tree.leaves(jax.tree.map(lambda a, b: (a == b).all(), own, before[part]))
        assert all(same) == part.startswith(("stem", "group1")), part


@pytest.mark.parametrize("name", ["adamw", "lamb", "lars"])
def test_an_optimizer_is_a_name_and_its_arguments(name):
    """Of one file of optax each, with weights that decay beside the gradient."""
    config = tiny.config("baseline", optimizer={"name": name, "weight_decay_kind": "decoupled"})
    run = build_run(config)
    arguments = (run.abstract_state(), run.abstract_batch(train=True), run.values)
    state, scalars = jax.eval_shape(run.train_step, *arguments)  # traced, but not compiled
    assert jax.tree.structure(state) == jax.tree.structure(run.shapes)
    assert scalars["loss"].shape == ()
