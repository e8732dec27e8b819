"""What is said of an instruction of a compiled program."""

import pytest

from training.pods.kinds import describe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "  %fusion.3 = (f32[256]{0:T(256)}, bf16[128,56,56,256]{3,0,2,1:T(8,128)(2,1)}) "
            'fusion(%a), calls=%c, metadata={op_name="jit(step)/transpose(jvp())/dot_general"}\n'
            "  %convolution.1 = f32[8]{0} convolution(%b, %c)",
            "convolution, backward, bf16[128,56,56,256], dot_general",
        ),
        ("  %copy.1 = f32[8,9]{1,0} copy(%a)", "copies, forward, f32[8,9]"),
        (
            '  %fusion = u32[4]{0} fusion(%a), metadata={op_name="jit(step)/dropblock/or"}',
            "DropBlock, forward, u32[4], or",
        ),
    ],
)
def test_its_kind_its_largest_result_and_its_name(text, words):
    assert describe(text) == words
