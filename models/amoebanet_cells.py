"""The AmoebaNet cells as data (Real et al. 2018, arXiv 1802.01548, and the authors' code).

A cell has seven states: 0 is made of its input, 1 of the input of the cell before, and each of 2
to 6 is the sum of two operations on earlier states. Its output is some states side by side.
"""

from typing import NamedTuple

#: (operation, number of the state it reads)
Edge = tuple[str, int]


class Genotype(NamedTuple):
    """``sums``: the two edges into each of the states 2 to 6; ``outputs``: states in the output."""

    sums: tuple[tuple[Edge, Edge], ...]
    outputs: tuple[int, ...]


#: cell -> (normal, reduction)
GENOTYPES = {
    "a": (
        Genotype(
            sums=(
                (("avg_pool_3x3", 0), ("max_pool_3x3", 0)),
                (("separable_3x3_2", 1), ("none", 1)),
                (("none", 0), ("avg_pool_3x3", 1)),
                (("separable_3x3_2", 0), ("separable_5x5_2", 2)),
                (("avg_pool_3x3", 5), ("separable_3x3_2", 0)),
            ),
            outputs=(1, 3, 4, 6),
        ),
        Genotype(
            sums=(
                (("separable_3x3_2", 1), ("avg_pool_3x3", 0)),
                (("max_pool_3x3", 0), ("separable_7x7_2", 2)),
                (("max_pool_3x3", 1), ("max_pool_3x3", 0)),
                (("separable_3x3_2", 4), ("1x7_7x1", 0)),
                (("avg_pool_3x3", 1), ("separable_7x7_2", 0)),
            ),
            outputs=(2, 3, 4, 5, 6),
        ),
    ),
    "b": (
        Genotype(
            sums=(
                (("1x1", 1), ("max_pool_3x3", 1)),
                (("none", 1), ("separable_3x3_2", 0)),
                (("1x1", 1), ("separable_3x3_2", 0)),
                (("1x1", 2), ("none", 2)),
                (("avg_pool_3x3", 1), ("1x1", 5)),
            ),
            outputs=(0, 3, 4, 6),
        ),
        Genotype(
            sums=(
                (("max_pool_2x2", 0), ("max_pool_3x3", 0)),
                (("none", 2), ("3x3", 1)),
                # The table's dil_2_separable_5x5_2: the code computes it without dilation.
                (("separable_5x5_2", 2), ("max_pool_3x3", 2)),
                (("none", 3), ("separable_3x3_2", 1)),
                (("avg_pool_3x3", 4), ("1x1", 3)),
            ),
            outputs=(5, 6),
        ),
    ),
    "c": (
        Genotype(
            sums=(
                (("avg_pool_3x3", 0), ("separable_3x3_2", 0)),
                (("none", 0), ("separable_3x3_2", 0)),
                (("avg_pool_3x3", 2), ("separable_3x3_2", 1)),
                (("none", 0), ("separable_3x3_2", 1)),
                (("avg_pool_3x3", 3), ("separable_3x3_2", 0)),
            ),
            outputs=(1, 2, 4, 5, 6),
        ),
        Genotype(
            sums=(
                (("max_pool_3x3", 0), ("max_pool_3x3", 0)),
                (("separable_7x7_2", 2), ("separable_3x3_2", 0)),
                (("separable_7x7_2", 0), ("max_pool_3x3", 1)),
                (("separable_5x5_2", 4), ("separable_5x5_2", 4)),
                (("max_pool_3x3", 1), ("separable_3x3_2", 1)),
            ),
            outputs=(0, 2, 3, 4, 5, 6),
        ),
    ),
    "d": (
        Genotype(
            sums=(
                (("1x1", 1), ("max_pool_3x3", 1)),
                (("none", 1), ("1x7_7x1", 0)),
                (("1x1", 0), ("1x7_7x1", 0)),
                (("max_pool_3x3", 2), ("none", 2)),
                (("avg_pool_3x3", 1), ("1x1", 5)),
            ),
            outputs=(0, 3, 4, 6),
        ),
        Genotype(
            sums=(
                (("max_pool_2x2", 0), ("max_pool_3x3", 0)),
                (("none", 2), ("3x3", 1)),
                (("1x7_7x1", 2), ("max_pool_3x3", 2)),
                (("none", 3), ("max_pool_2x2", 1)),
                (("avg_pool_3x3", 2), ("1x1", 3)),
            ),
            outputs=(4, 5, 6),
        ),
    ),
}
