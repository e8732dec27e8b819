"""Collectives in programs' texts: as the compilers write them, and of programs known by heart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from training.pods.hlo import collectives

# From programs for TPU v5e, shortened: a tuple with tiled layouts, a gather that two fusions carry
# on between its start and its end, a reduce-scatter.
TPU = """HloModule jit_train_step, is_scheduled=true

%add.1 (x: f32[], y: f32[]) -> f32[] {
  ROOT %add.2 = f32[]{:T(128)} add(%x, %y)
}

%start (p: bf16[3,3,16,8]) -> (bf16[3,3,16,8], bf16[3,3,16,32], s32[2]) {
  %all-gather.21 = bf16[3,3,16,32]{2,3,1,0:T(8,128)(2,1)} all-gather(%p), channel_id=37, dimensions={3}
  ROOT %custom-call.3 = (bf16[3,3,16,8], bf16[3,3,16,32], s32[2]) custom-call(%all-gather.21)
}

%async_collective_fusion.9 (p: bf16[3,3,16,8], q: f32[4]) -> (f32[4], bf16[3,3,16,32]) {
  %all-gather.23 = bf16[3,3,16,32]{2,3,1,0:T(8,128)(2,1)S(1)} all-gather(%p), channel_id=37, dimensions={3}
  ROOT %tuple.1 = (f32[4], bf16[3,3,16,32]) tuple(%q, %all-gather.23)
}

%all-reduce-scatter.1 (input.1: f32[3,3,32,32]) -> f32[3,3,32,8] {
  %all-reduce.141 = f32[3,3,32,32]{2,3,1,0:T(8,128)} all-reduce(%input.1), channel_id=126, to_apply=%add.1
  ROOT %dynamic-slice.1 = f32[3,3,32,8]{2,3,1,0:T(8,128)S(1)} dynamic-slice(%all-reduce.141, %i)
}

ENTRY %main.188_spmd (param: f32[3,3,32,32], param.1: u32[]) -> (u32[], f32[3,3,32,8]) {
  %all-reduce.137 = (u32[]{:T(128)}, f32[3,4]{1,0:T(4,128)S(1)}, /*index=2*/pred[5]{0:T(512)(128)(4,1)}) all-reduce(%a, %b, %c), channel_id=26, to_apply=%add.1
  %all-reduce.138 = bf16[100]{0:T(128)(2,1)} all-reduce(%d), channel_id=27, to_apply=%add.1
  ROOT %fusion = f32[3,3,32,8]{2,3,1,0:T(8,128)S(1)} fusion(%param), kind=kCustom, calls=%all-reduce-scatter.1
}
"""  # noqa: E501

# As XLA writes pairs, on GPUs and in older programs.
PAIRS = """
ENTRY %main (p: f32[8]) -> f32[8] {
  %all-gather-start = (f32[8]{0}, f32[16]{0}) all-gather-start(%p), channel_id=1, dimensions={0}
  %all-gather-done = f32[16]{0} all-gather-done(%all-gather-start)
  %permute-start = (f32[8]{0}, f32[8]{0}, u32[], u32[]) collective-permute-start(%p), channel_id=2
  %permute-done = f32[8]{0} collective-permute-done(%permute-start)
  ROOT %copy = f32[8]{0} copy(%permute-done), metadata={op_name="all-reduce(x)"}
}
"""


def test_tpu_program():
    assert collectives(TPU) == {
        "all-gather": (1, 2 * 3 * 3 * 16 * 32),
        "all-reduce": (2, 4 + 4 * 12 + 5 + 200),
        "reduce-scatter": (1, 4 * 3 * 3 * 32 * 8),
    }


def test_a_start_and_its_done_are_one():
    assert collectives(PAIRS) == {"all-gather": (1, 64), "collective-permute": (1, 32)}


def test_no_collectives():
    assert collectives("") == {}
    assert collectives(jax.jit(jnp.sin).lower(jnp.ones(3)).compile().as_text()) == {}


MESH = Mesh(np.array(jax.devices()[:2]), ("x",))
SPLIT, WHOLE = (NamedSharding(MESH, PartitionSpec(*axes)) for axes in (["x"], []))


def of(function, **out):
    program = jax.jit(function, in_shardings=SPLIT, **out).lower(jnp.ones((8, 6))).compile()
    return collectives(program.as_text())


def shard_map(function, out):
    return jax.shard_map(function, mesh=MESH, in_specs=PartitionSpec("x"), out_specs=out)


def loop(x):
    return jax.lax.fori_loop(0, 9, lambda i, y: jax.lax.ppermute(y + i, "x", [(0, 1), (1, 0)]), x)


@pytest.mark.parametrize(
    ("function", "out", "expected"),
    [
        (lambda x: x.sum(axis=0), WHOLE, {"all-reduce": (1, 4 * 6)}),
        (lambda x: 2 * x, WHOLE, {"all-gather": (1, 4 * 48)}),
        (lambda x: 2 * x, SPLIT, {}),
        (shard_map(loop, PartitionSpec("x")), SPLIT, {"collective-permute": (1, 4 * 24)}),
        (
            shard_map(lambda x: jax.lax.psum_scatter(x, "x", tiled=True), PartitionSpec("x")),
            SPLIT,
            {"reduce-scatter": (1, 4 * 12)},
        ),
    ],
    ids=["sum", "gather", "nothing", "in a loop", "scatter"],
)
def test_programs_known_by_heart(function, out, expected):
    assert of(function, out_shardings=out) == expected
