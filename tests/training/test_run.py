"""A run's steps: on meshes, over steps, in both precisions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.sharding import Mesh

from tests import tiny
from training.evaluation import evaluate
from training.devices.mesh import SMALLEST_SPLIT, build_mesh, to_devices
from training.run import Run, build_run
from training.stop import StopRequest

UNSTOPPED = StopRequest()


def first_steps(run, count):
    state, log = run.init_state(), []
    rows = iter(run.task.train_batches(0, 0, 1))
    for _ in range(count):
        batch = to_devices(run.mesh, UNSTOPPED.mark(next(rows)))
        state, scalars = run.train_step(state, batch, run.values)
        log.append(jax.device_get(scalars))
    return state, log


@pytest.fixture(scope="module")
def run():
    return build_run(tiny.config())


def test_one_compilation_for_all_steps_and_scheduled_keep_prob(run):
    state, log = first_steps(run, 3)
    assert run.train_step._cache_size() == 1
    assert [float(line["keep_prob"]) for line in log] == pytest.approx(
        [1, 1 - 0.1 / 6, 1 - 0.2 / 6]
    )
    assert float(log[0]["dropped"][4]) == 0
    assert int(state.step) == 3
    assert {leaf.dtype for leaf in jax.tree.leaves(state.params)} == {jnp.dtype("float32")}


def test_same_training_on_one_device_and_on_two(run):
    """Losses, statistics and masks are those of the global batch, parameters split or not."""
    alone = Run(run.config, run.task, Mesh(jax.devices()[:1], ("data",)))
    split = Run(run.config, run.task, build_mesh({"data": 1, "fsdp": 2}, 16))
    _, log = first_steps(alone, 3)
    for other in (run, split):
        _, other_log = first_steps(other, 3)
        for a, b in zip(log, other_log, strict=True):
            assert a["dropped"] == b["dropped"]
            np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-5)


def test_fsdp_splits_large_arrays_and_keeps_them_split(run):
    split = Run(run.config, run.task, build_mesh({"data": 1, "fsdp": 2}, 16))
    for state in (split.init_state(), first_steps(split, 1)[0]):
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
        lowered = run.train_step.lower(run.abstract_state(), run.abstract_batch(), run.values)
        return lowered.as_text()

    baseline = build_run(tiny.config("baseline"))
    assert "random" not in program(baseline)
    assert "threefry" not in program(baseline)
    assert "threefry" in program(run) or "random" in program(run)


def test_bfloat16_keeps_float32_state():
    low = build_run(tiny.config(precision="bfloat16"))
    state, log = first_steps(low, 2)
    floats = [leaf for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    assert {leaf.dtype for leaf in floats} == {jnp.dtype("float32")}
    assert np.isfinite(log[-1]["loss"])


class CountingTask:
    """Says class 1 to everything: what evaluation must make of that is known by hand."""

    best_metric = "accuracy"

    def __init__(self, task):
        self._task = task

    def __getattr__(self, name):
        return getattr(self._task, name)

    def metrics(self, model, batch):
        hits = jnp.sum((batch["label"] == 1) & batch["mask"])
        return {"accuracy": (hits, jnp.sum(batch["mask"]))}


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


def test_mesh_fills_the_free_axis():
    assert dict(build_mesh({"data": -1}, 4).shape) == {"data": 2}
    assert dict(build_mesh({"data": -1, "fsdp": 2}, 4).shape) == {"data": 1, "fsdp": 2}
    for axes in ({"data": -1, "fsdp": -1}, {"data": 0}, {"data": -2}, {}):
        with pytest.raises(ValueError, match=r"config\.mesh must give"):
            build_mesh(axes, 4)


def test_batches_are_as_the_programs_expect_them(run):
    for batches in (run.task.train_batches(0, 0, 1), run.task.eval_batches(0, 1)):
        batch = to_devices(run.mesh, UNSTOPPED.mark(next(iter(batches))))
        expected = run.abstract_batch()
        assert batch.keys() == expected.keys()
        for name, array in batch.items():
            assert (array.shape, array.dtype) == (expected[name].shape, expected[name].dtype)
            assert array.sharding == expected[name].sharding


def test_decay_and_norm_modules_are_found(run):
    abstract = nnx.eval_shape(lambda: run.task.build(nnx.Rngs(0)))
    norms = [m for _, m in nnx.iter_modules(abstract) if isinstance(m, nnx.BatchNorm)]
    assert len(norms) == 12


ROWS = ["dropout", "spatial_dropout", "drop_path", "cutout", "dropblock_label_smoothing"]


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_rows_of_table_1_train(row):
    """keep_prob and the share really dropped of each group are those of the row's config."""
    config = tiny.config(row)
    if row != "cutout":
        config.regularizer.keep_prob, config.regularizer.schedule = 0.5, "constant"
    _, log = first_steps(build_run(config), 2)
    assert all(np.isfinite(line["loss"]) for line in log)
    if row == "cutout":
        assert "dropped" not in log[0]
        return
    dropped = log[1]["dropped"]
    assert set(dropped) == set(config.regularizer.groups)
    for group, share in dropped.items():
        # A batch of 16 in which whole examples are dropped: five deviations are much.
        assert float(share) == pytest.approx(0.5 / 4 ** (4 - group), abs=0.35 / 4 ** (4 - group))
