"""The step that the benchmarks measure keeps up with the code: traced here, measured elsewhere."""

import jax
import jax.numpy as jnp

from benchmarks import step_program
from models.resnet import BLOCKS_PER_GROUP

BATCH, SIZE = 2, 64


def test_step_drops_at_four_sites_of_each_block_of_groups_3_and_4(monkeypatch):
    apply, shapes = step_program.OPERATIONS["ours"], []

    def counted(key, x, *args):
        shapes.append(x.shape)
        return apply(key, x, *args)

    monkeypatch.setitem(step_program.OPERATIONS, "ours", counted)
    initialise, step = step_program.make_step("ours", jnp.bfloat16, BATCH, SIZE)
    _, loss = jax.eval_shape(
        lambda images, labels: step(initialise(), images, labels, jax.random.key(0), 0.9),
        jax.ShapeDtypeStruct((BATCH, SIZE, SIZE, 3), jnp.bfloat16),
        jax.ShapeDtypeStruct((BATCH,), jnp.int32),
    )
    assert loss.shape == ()
    assert len(shapes) == 4 * sum(BLOCKS_PER_GROUP[50][2:])
