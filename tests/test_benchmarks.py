"""What the benchmarks measure and how they read it; the measuring itself is not for tests."""

import jax
import jax.numpy as jnp
import pytest

from benchmarks import profile_step, step_program
from dropblock import dropblock
from models.resnet import BLOCKS_PER_GROUP
from regularizers import Masks

BATCH, SIZE = 2, 64


@pytest.mark.parametrize("operation", ["ours", "usual"])
def test_step_drops_at_four_sites_of_each_block_of_groups_3_and_4(operation, monkeypatch):
    shapes = []
    usual, apply_masks = step_program.INLINE["usual"], Masks.__call__

    def counted_usual(key, x, *arguments):
        shapes.append(x.shape)
        return usual(key, x, *arguments)

    def counted_masks(masks, x, *, group, site):
        shapes.extend([x.shape] * len(masks.masks.get(site, ())))
        return apply_masks(masks, x, group=group, site=site)

    monkeypatch.setitem(step_program.INLINE, "usual", counted_usual)
    monkeypatch.setattr(Masks, "__call__", counted_masks)
    initialise, step = step_program.make_step(operation, jnp.bfloat16)
    _, loss = jax.eval_shape(
        lambda images, labels: step(initialise(), images, labels, jax.random.key(0), 0.9),
        jax.ShapeDtypeStruct((BATCH, SIZE, SIZE, 3), jnp.bfloat16),
        jax.ShapeDtypeStruct((BATCH,), jnp.int32),
    )
    assert loss.shape == ()
    assert len(shapes) == 4 * sum(BLOCKS_PER_GROUP[50][2:])


def test_profile_tells_instructions_apart():
    def loss(kernel, x):
        y = jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        y = dropblock(jax.random.key(0), jnp.maximum(y, 0) ** 2, 0.1, 2)
        return jnp.mean(y**2)

    arrays = jnp.ones((3, 3, 2, 8)), jnp.ones((2, 8, 8, 2))
    program = jax.jit(jax.value_and_grad(loss)).lower(*arrays).compile().as_text()
    kinds = {profile_step.kind_of(text) for text in profile_step.instructions(program).values()}
    assert {("convolution", False), ("convolution", True)} <= kinds
    assert {("DropBlock", False), ("DropBlock", True)} <= kinds


def test_profile_counts_overlapping_time_once():
    assert profile_step.busy([(5, 7), (0, 2), (1, 3), (1, 2)]) == 5
