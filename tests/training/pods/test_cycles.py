"""Cycles in programs' texts, as the TPU's compiler writes them."""

import pytest

from training.pods.cycles import Loop, estimate

# From programs for TPU v5e, shortened: a fusion, a loop of five turns as JAX writes it, one whose
# turns depend on an argument, a conditional, and what takes no time.
PROGRAM = """HloModule jit_f, is_scheduled=true

%fused_computation (p: f32[512,512]) -> f32[512,512] {
  ROOT %tanh.1 = f32[512,512]{1,0:T(8,128)S(1)} tanh(%p), backend_config={"window_config":{"estimated_cycles":"7"}}
}

%body (p: (s32[], f32[512,512])) -> (s32[], f32[512,512]) {
  %add.2 = s32[]{:T(128)} add(%i, %one), backend_config={"flag_configs":[]}
  %copy.11 = f32[512,512]{1,0:T(8,128)S(1)} copy(%x), backend_config={"flag_configs":[],"window_config":{"estimated_cycles":"80","iteration_bounds":["1"]}}
  %fusion.2 = f32[512,512]{1,0:T(8,128)S(1)} fusion(%copy.11), kind=kLoop, calls=%fused_computation, backend_config={"window_config":{"estimated_cycles":"2304"}}
  ROOT %tuple.11 = (s32[]{:T(128)}, f32[512,512]{1,0:T(8,128)S(1)}) tuple(%add.2, %fusion.2)
}

%five_turns (p: (s32[], f32[512,512])) -> pred[] {
  %constant.2 = s32[]{:T(128)} constant(64)
  %constant.3 = s32[]{:T(128)} constant(5)
  ROOT %lt.0 = pred[]{:T(512)} compare(%i, %constant.3), direction=LT
}

%some_turns (p: (s32[], f32[512,512])) -> pred[] {
  %constant.4 = s32[]{:T(128)} constant(64)
  ROOT %lt.1 = pred[]{:T(512)} compare(%i, %draws), direction=LT
}

%short (p: f32[512,512]) -> f32[512,512] {
  ROOT %copy.12 = f32[512,512]{1,0:T(8,128)} copy(%p), backend_config={"window_config":{"estimated_cycles":"10"}}
}

%long (p: f32[512,512]) -> f32[512,512] {
  ROOT %copy.13 = f32[512,512]{1,0:T(8,128)} copy(%p), backend_config={"window_config":{"estimated_cycles":"1000"}}
}

ENTRY %main.4 (x.1: f32[512,512], y.1: f32[512,512]) -> f32[512,512] {
  %convert.1 = bf16[512,512]{1,0:T(8,128)(2,1)S(1)} convert(%y.1), backend_config={"window_config":{"estimated_cycles":"6272"}}
  %while.1 = (s32[]{:T(128)}, f32[512,512]{1,0:T(8,128)S(1)}) while(%tuple.1), condition=%five_turns, body=%body, metadata={op_name="jit(h)/while"}
  %while.2 = (s32[]{:T(128)}, f32[512,512]{1,0:T(8,128)S(1)}) while(%tuple.2), condition=%some_turns, body=%body, metadata={op_name="jit(h)/while"}
  %while.3 = (s32[]{:T(128)}, f32[512,512]{1,0:T(8,128)S(1)}) while(%tuple.3), condition=%some_turns, body=%body, backend_config={"known_trip_count":{"n":"3"}}
  %cond.1 = f32[512,512]{1,0:T(8,128)} conditional(%i, %x.1, %x.1), branch_computations={%short, %long}
  %call.1 = f32[512,512]{1,0:T(8,128)} call(%cond.1), to_apply=%short
  ROOT %copy-done = f32[512,512]{1,0:T(8,128)} copy-done(%call.1)
}
"""  # noqa: E501


def test_loops_turn_branches_are_taken_and_calls_are_followed():
    whole = estimate(PROGRAM)
    assert whole.loops == [Loop("while.1", 5), Loop("while.2", None), Loop("while.3", 3)]
    body = 80 + 2304
    assert whole.cycles == 6272 + 5 * body + body + 3 * body + 1000 + 10
    assert ("copy.11", 5 * 80) in whole.instructions
    assert "tanh.1" not in dict(whole.instructions)


@pytest.mark.parametrize("program", ["", "HloModule jit_f\n\nENTRY %main () -> f32[] {\n}\n"])
def test_a_program_without_estimates(program):
    assert estimate(program).cycles == 0
    assert estimate(program).loops == []
