"""Which slices there are. Nothing here needs the compiler."""

import pytest

from training.pods.tpu_slice import KINDS, _has


@pytest.mark.parametrize(
    ("kind", "shape", "exists"),
    [
        ("v5e", "16x16", True),
        ("v5e", "16x32", False),
        ("v5e", "4x4x4", False),
        ("v4", "2x2x1", True),
        ("v4", "4x4x12", True),
        ("v4", "16x16x16", True),
        ("v4", "16x16x20", False),
        ("v4", "2x2x8", False),
        ("v4", "4x4", False),
        ("v4", "4x4x4x4", False),
        ("v4", "4x4x04", False),
        ("v4", "4x4x0", False),
        ("v4", "4x4x4xx", False),
    ],
)
def test_shapes(kind, shape, exists):
    assert _has(KINDS[kind], shape) is exists


def test_no_listed_slice_is_larger_than_the_largest():
    for kind in KINDS.values():
        chips = []
        for shape in kind.shapes:
            sides = [int(side) for side in shape.split("x")]
            chips.append(sides[0] * sides[1] * (sides[2] if len(sides) == 3 else 1))
        assert chips == sorted(chips)
        assert chips[-1] <= kind.chips
