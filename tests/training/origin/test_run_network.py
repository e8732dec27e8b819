"""A run that starts from another one's network (config.init_from)."""

import jax
import numpy as np
import pytest
from flax import nnx

from runfiles import RunRecord, write_record
from tests import tiny
from training.config import plain
from training.errors import Refused
from training.origin import Origin
from training.run import build_run
from training.workdir import Checkpoints


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A workdir with the checkpoint of a run, and its state."""
    workdir = tmp_path_factory.mktemp("origin")
    run = build_run(tiny.config(optimizer__ema_decay=0.9))
    fresh = run.init_state()
    state = jax.tree.map(lambda leaf: leaf + 1, fresh)
    write_record(workdir, RunRecord(plain(run.config)))
    with Checkpoints(workdir, {}) as checkpoints:
        checkpoints.save(state, next_example=0)
    return workdir, jax.device_get(state)


def test_it_starts_with_the_average_and_the_statistics_and_nothing_else(trained):
    workdir, there = trained
    run = build_run(tiny.config(seed=7, init_from=str(workdir)))
    state = jax.device_get(run.init_state())
    jax.tree.map(np.testing.assert_array_equal, state.params, there.ema)
    jax.tree.map(np.testing.assert_array_equal, state.batch_stats, there.batch_stats)
    assert int(state.step) == 0
    slots = [leaf for leaf in jax.tree.leaves(state.opt_state) if leaf.ndim]
    assert not any(slot.any() for slot in slots)
    assert any(str(workdir) in line for line in run.notices)


def test_the_last_layer_is_new_where_the_classes_are_others(trained):
    workdir, there = trained
    run = build_run(tiny.config())
    shapes = jax.tree.map(lambda leaf: leaf, run.shapes)
    head = {
        name: jax.ShapeDtypeStruct((*leaf.shape[:-1], 3), leaf.dtype)
        for name, leaf in shapes.params["head"].items()
    }
    shapes.params["head"] = head
    origin = Origin(str(workdir), shapes, ("head",))
    assert "head.kernel is (32, 10) there and (32, 3) here" in " ".join(origin.notices)
    fresh = run.init_state()
    fresh.params["head"] = {name: np.zeros(leaf.shape, np.float32) for name, leaf in head.items()}
    state = origin.apply(fresh)
    assert state.params["head"]["kernel"].shape == (32, 3)
    np.testing.assert_array_equal(
        state.params["stem"]["conv"]["kernel"], there.ema["stem"]["conv"]["kernel"]
    )


def test_another_network_is_refused_by_the_names_of_what_differs(trained, tmp_path):
    workdir, _ = trained
    run = build_run(tiny.config(model__width=8, init_from=str(workdir)))
    with pytest.raises(
        Refused, match=r"group1_block1\.conv1\.conv\.kernel is \(3, 3, 4, 4\) there and"
    ) as error:
        run.init_state()
    assert "\n" not in str(error.value)
    run = build_run(tiny.config(init_from=str(tmp_path)))
    with pytest.raises(Refused, match="holds no checkpoint"):
        run.init_state()


def test_a_deeper_network_is_refused_by_what_is_left_over(trained):
    workdir, _ = trained
    run = build_run(tiny.config(init_from=str(workdir)))
    shapes = jax.tree.map(lambda leaf: leaf, run.shapes)
    del shapes.params["group4_block1"], shapes.batch_stats["group4_block1"]
    with pytest.raises(Refused, match=r"group4_block1\S+ is \(\S.*\) there and absent here"):
        Origin(str(workdir), shapes, ("head",))


def test_a_network_takes_another_one_whole_as_its_backbone(trained):
    workdir, there = trained
    params = {"backbone": there.params, "classes": {"bias": np.zeros(2, np.float32)}}
    shapes = jax.eval_shape(lambda: there.__class__(0, params, {"backbone": there.batch_stats}, ()))
    origin = Origin(str(workdir), shapes, ("classes",))
    fresh = there.__class__(np.int32(0), params, {"backbone": there.batch_stats}, ())
    state = origin.apply(jax.device_put(fresh))
    jax.tree.map(np.testing.assert_array_equal, state.params["backbone"], there.ema)
    assert origin.notices[1:] == ["new: classes, 1 array absent there"]


def test_every_network_says_what_may_be_new():
    run = build_run(tiny.config())
    model = nnx.eval_shape(lambda: run.task.build(nnx.Rngs(0)))
    assert set(model.NEW_PARTS) <= set(run.shapes.params)
