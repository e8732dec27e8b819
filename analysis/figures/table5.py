"""The paper's Table 5: mean IoU against block_size."""

from pathlib import Path

from analysis.dense_table import DenseTable, dense_table
from analysis.published import TABLE5

SHOWN = DenseTable("table5", {"mean_iou": "mean IoU", "pixel_accuracy": "pixel accuracy"}, TABLE5)


def table5(folder: Path, *others: Path) -> str:
    """Draws ``table5.png``, writes ``table5.csv``, returns the table as Markdown.

    See :func:`analysis.dense_table.dense_table`.
    """
    return dense_table(SHOWN, folder, *others)
