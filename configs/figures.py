"""The grids of the paper's Table 1 and Figures 3 to 6, for any config with few images."""

import dataclasses
from collections.abc import Sequence

SEEDS = (0, 1, 2)
GRIDS = ("table1", "figure3", "figure4", "networks")


@dataclasses.dataclass(frozen=True)
class Figures:
    """What a data set puts on the axes of the figures and into the rows of the table.

    Attributes:
      rows: of Table 1, as :func:`configs.common.table1` gives them.
      keep_probs: of Figure 3.
      block_sizes: of Figure 4, by groups.
      left_out: the rows of Table 1 that the data set cannot have.
      table1_keep_probs: tried for each regulariser of the table; empty for the row's own.
      figure3_alone: with the lines that Table 1's runs give too, where it has all keep_probs.
    """

    rows: dict[str, dict]
    keep_probs: Sequence[float]
    block_sizes: dict[tuple[int, ...], Sequence[int]]
    left_out: Sequence[str] = ()
    table1_keep_probs: Sequence[float] = ()
    figure3_alone: bool = True

    def grid(self, hyper, name: str):
        """The runs of one table or figure, each over the seeds."""
        runs = getattr(self, f"_{name}")(hyper)
        return hyper.product([runs, hyper.sweep("config.seed", SEEDS)])

    def _table1(self, hyper):
        runs = []
        for name, changes in self.rows.items():
            row = {f"config.{field}": value for field, value in changes.items()}
            if name == "baseline":
                row = _fields(name="none")
            if name in self.left_out:
                continue
            if self.table1_keep_probs and "config.regularizer.name" in row and name != "baseline":
                row.pop("config.regularizer.keep_prob", None)
                keep_probs = hyper.sweep("config.regularizer.keep_prob", self.table1_keep_probs)
                runs += hyper.product([[row], keep_probs])
            else:
                runs.append(row)
        return runs

    def _figure3(self, hyper):
        """Accuracy against keep_prob."""
        lines = [
            _fields(name="dropblock", schedule="constant", on_skip=False),
            _fields(name="dropblock", on_skip=False),
        ]
        if self.figure3_alone:
            lines = [
                _fields(name="dropout", schedule="constant"), *lines, _fields(name="dropblock"),
            ]  # fmt: skip
        keep_probs = hyper.sweep("config.regularizer.keep_prob", self.keep_probs)
        level = [_fields(name="none")] if self.figure3_alone else []
        return hyper.chainit([level, hyper.product([lines, keep_probs])])

    def _figure4(self, hyper):
        """Accuracy against block_size."""
        lines = [
            _fields(name="dropblock", schedule="constant", on_skip=False),
            _fields(name="dropblock", schedule="constant"),
            _fields(name="dropblock"),
        ]
        sizes = [
            hyper.product(
                [[_fields(groups=groups)], hyper.sweep("config.regularizer.block_size", sizes)]
            )
            for groups, sizes in self.block_sizes.items()
        ]
        return hyper.product([lines, hyper.chainit(sizes)])

    def _networks(self, hyper):
        """The networks of Figures 5 and 6: no DropBlock, block 1, and large blocks."""
        return [
            _fields(name="none"),
            _fields(name="dropblock", block_size=1),
            _fields(name="dropblock", block_size=3),
        ]


def _fields(**values):
    return {f"config.regularizer.{name}": value for name, value in values.items()}
