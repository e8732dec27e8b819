"""The words of a grid."""

import pytest

from sweeps import hyper

A, B = "config.a", "config.b"


def test_product_is_every_combination_the_last_fastest():
    grid = hyper.product([hyper.sweep(A, [1, 2]), hyper.sweep(B, ["x", "y"])])
    assert grid == [{A: 1, B: "x"}, {A: 1, B: "y"}, {A: 2, B: "x"}, {A: 2, B: "y"}]
    assert hyper.product([hyper.sweep(A, [1]), []]) == []
    assert hyper.product([]) == [{}]


def test_zipit_pairs_and_repeats_what_is_single():
    grid = hyper.zipit([hyper.sweep(A, [1, 2]), hyper.sweep(B, [3, 4]), hyper.fixed("config.c", 5)])
    assert grid == [{A: 1, B: 3, "config.c": 5}, {A: 2, B: 4, "config.c": 5}]
    with pytest.raises(ValueError, match=r"zipit got grids of \[2, 3\] runs"):
        hyper.zipit([hyper.sweep(A, [1, 2]), hyper.sweep(B, [1, 2, 3])])


def test_chainit_appends():
    assert hyper.chainit([hyper.sweep(A, [1]), hyper.fixed(B, 2, length=2)]) == [
        {A: 1}, {B: 2}, {B: 2},
    ]  # fmt: skip


def test_any_iterable_of_runs_is_a_grid_and_so_is_one_run():
    runs = ({A: value} for value in (1, 2))
    assert hyper.product(iter([runs, {B: 3}])) == [{A: 1, B: 3}, {A: 2, B: 3}]
    assert hyper.chainit([{A: 1}, iter([{A: 2}])]) == [{A: 1}, {A: 2}]
    assert hyper.zipit([iter([{A: 1}, {A: 2}]), {B: 3}]) == [{A: 1, B: 3}, {A: 2, B: 3}]


@pytest.mark.parametrize("values", [3, None, "ab", b"ab", {"a": 1}])
def test_what_is_no_list_of_values_is_refused(values):
    with pytest.raises(ValueError, match=r"hyper\.sweep\('config\.a', \.\.\.\) takes a list"):
        hyper.sweep(A, values)


def test_what_is_no_run_is_refused():
    for grid in ([1], 3, None, "ab", ["ab"]):
        with pytest.raises(ValueError, match=r"a grid is a list of dicts, one a run"):
            hyper.product([grid])


def test_a_field_set_twice_in_one_run_is_refused():
    with pytest.raises(ValueError, match=r"sets config\.a twice in one run"):
        hyper.product([hyper.sweep(A, [1]), hyper.sweep(A, [2])])
