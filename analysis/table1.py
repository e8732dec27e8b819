"""The paper's Table 1: every regulariser, over seeds, beside the published numbers."""

import csv
import statistics
from pathlib import Path
from typing import Any

from analysis.published import PUBLISHED
from analysis.runs import Run, find_runs

HEADER = (
    "row", "runs", "best top-1", "last top-1", "best top-5", "last top-5",
    "paper top-1 (ResNet-50, ImageNet)", "paper top-5",
)  # fmt: skip


def table1(folder: Path) -> str:
    """Writes ``table1.csv`` into ``folder`` and returns the table as Markdown.

    Best is the highest value over all evaluations of a run, as the paper reports it, last the
    value at its end; both in %, mean ± standard deviation over the runs of a row. Rows that the
    paper does not have, combinations of its rows, come last.

    Raises:
      FileNotFoundError: ``folder`` holds no run.
    """
    rows: dict[str, list[Run]] = {name: [] for name in PUBLISHED}
    for run in find_runs(folder):
        rows.setdefault(row_of(run.config), []).append(run)
    table = [_line(name, runs) for name, runs in rows.items() if runs]
    with (folder / "table1.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *table])
    rule = ["---"] * len(HEADER)
    return "\n".join(f"| {' | '.join(line)} |" for line in [HEADER, rule, *table])


def row_of(config: dict[str, Any]) -> str:
    """The name of a run's row: what it adds to the baseline."""
    added = {
        config["regularizer"]["name"]: config["regularizer"]["name"] != "none",
        "cutout": config["data"]["cutout"] > 0,
        "autoaugment": config["data"]["autoaugment"] != "none",
        "label_smoothing": config["label_smoothing"] > 0,
    }
    return " + ".join(name for name, is_added in added.items() if is_added) or "baseline"


def _line(name: str, runs: list[Run]) -> list[str]:
    cells = []
    for metric in ("accuracy", "top5_accuracy"):
        evaluations = [values for run in runs if (values := run.evaluations(metric))]
        cells += [
            _mean_and_deviation([max(values) for values in evaluations]),
            _mean_and_deviation([values[-1] for values in evaluations]),
        ]
    return [name, str(len(runs)), *cells, *PUBLISHED.get(name, ("", ""))]


def _mean_and_deviation(values: list[float]) -> str:
    if not values:
        return ""
    mean = f"{100 * statistics.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} ± {100 * statistics.stdev(values):.2f}"
