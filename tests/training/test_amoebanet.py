"""An AmoebaNet's step, alone and among others; traced, but not compiled."""

import jax
import pytest

from configs import digits
from training.config import change
from training.run import build_run
from training.together import RunsTogether


def config(**changes):
    fields = {"data.image_size": 8, "batch_size": 4, **changes}
    return change(digits.get_config("amoebanet_dropblock"), fields).lock()


@pytest.mark.parametrize("remat", [False, True])
def test_step_keeps_the_states_shapes(remat):
    run = build_run(config(**{"model.remat": remat}))
    arguments = (run.abstract_state(), run.abstract_batch(train=True), run.values)
    state, scalars = jax.eval_shape(run.train_step, *arguments)
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state) == jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), run.shapes
    )
    assert set(scalars["dropped"]) == {4}


def test_runs_train_together_with_rematerialisation():
    configs = [config(**{"model.remat": True, "seed": seed}) for seed in range(4)]
    runs = RunsTogether(configs)
    arguments = (runs.abstract_state(), runs.abstract_batch(train=True), runs.values)
    state, scalars = jax.eval_shape(runs.train_step, *arguments)
    assert state.ema["head"]["kernel"].shape == (4, *state.ema["head"]["kernel"].shape[1:])
    assert scalars["dropped"][4].shape == (4,)
