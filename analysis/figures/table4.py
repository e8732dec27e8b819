"""The paper's Table 4: AP of boxes against block_size."""

from pathlib import Path

from analysis.dense_table import DenseTable, dense_table
from analysis.published import TABLE4

SHOWN = DenseTable("table4", {"ap": "AP", "ap50": "AP50", "ap75": "AP75"}, TABLE4)


def table4(folder: Path, *others: Path) -> str:
    """Draws ``table4.png``, writes ``table4.csv``, returns the table as Markdown.

    See :func:`analysis.dense_table.dense_table`.
    """
    return dense_table(SHOWN, folder, *others)
