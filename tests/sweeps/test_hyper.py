"""The words of a grid."""

import pytest

from sweeps import hyper

A, B = "config.a", "config.b"


def test_product_is_every_combination_the_last_fastest():
    grid = hyper.product([hyper.sweep(A, [1, 2]), hyper.sweep(B, "xy")])
    assert grid == [{A: 1, B: "x"}, {A: 1, B: "y"}, {A: 2, B: "x"}, {A: 2, B: "y"}]
    assert hyper.product([hyper.sweep(A, [1]), []]) == []


def test_zipit_pairs_and_repeats_what_is_single():
    grid = hyper.zipit([hyper.sweep(A, [1, 2]), hyper.sweep(B, [3, 4]), hyper.fixed("config.c", 5)])
    assert grid == [{A: 1, B: 3, "config.c": 5}, {A: 2, B: 4, "config.c": 5}]
    with pytest.raises(ValueError, match=r"zipit got grids of \[2, 3\] runs"):
        hyper.zipit([hyper.sweep(A, [1, 2]), hyper.sweep(B, [1, 2, 3])])


def test_chainit_appends():
    assert hyper.chainit([hyper.sweep(A, [1]), hyper.fixed(B, 2, length=2)]) == [
        {A: 1}, {B: 2}, {B: 2},
    ]  # fmt: skip


def test_a_field_set_twice_in_one_run_is_refused():
    with pytest.raises(ValueError, match=r"sets config\.a twice in one run"):
        hyper.product([hyper.sweep(A, [1]), hyper.sweep(A, [2])])
