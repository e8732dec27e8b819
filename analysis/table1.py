"""The paper's Table 1: every regulariser, over seeds, beside the published numbers."""

import csv
import statistics
from pathlib import Path

from analysis.published import PUBLISHED
from analysis.rows import row_of
from analysis.runs import Run, find_runs

HEADER = (
    "row", "keep_prob", "runs", "best top-1", "last top-1", "best top-5", "last top-5",
    "paper top-1 (ResNet-50, ImageNet)", "paper top-5",
)  # fmt: skip


def table1(folder: Path, *others: Path) -> str:
    """Writes ``table1.csv`` into ``folder`` and returns the table as Markdown.

    Best is the highest value over all evaluations of a run, as the paper reports it, last the
    value at its end; both in %, mean ± standard deviation over the runs of a row. Of several
    keep_probs the one with the highest best top-1 is shown, as the paper shows it; the file has
    all of them. Rows that the paper does not have, combinations of its rows, come last.

    Raises:
      FileNotFoundError: a folder holds no run.
    """
    rows: dict[str, dict[str, list[Run]]] = {name: {} for name in PUBLISHED}
    for run in find_runs(folder, *others):
        regularizer = run.config["regularizer"]
        keep_prob = "" if regularizer["name"] == "none" else str(regularizer["keep_prob"])
        rows.setdefault(row_of(run.config), {}).setdefault(keep_prob, []).append(run)
    shown, table = [], []
    for name, by_keep_prob in rows.items():
        lines = {
            keep_prob: _line(name, keep_prob, runs)
            for keep_prob, runs in sorted(by_keep_prob.items())
        }
        table += lines.values()
        if lines:
            shown.append(lines[max(lines, key=lambda chosen: _mean_best(by_keep_prob[chosen]))])
    with (folder / "table1.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *table])
    rule = ["---"] * len(HEADER)
    return "\n".join(f"| {' | '.join(line)} |" for line in [HEADER, rule, *shown])


def _mean_best(runs: list[Run]) -> float:
    bests = [max(values) for run in runs if (values := run.evaluations("accuracy"))]
    return statistics.mean(bests) if bests else 0.0


def _line(name: str, keep_prob: str, runs: list[Run]) -> list[str]:
    cells = []
    for metric in ("accuracy", "top5_accuracy"):
        evaluations = [values for run in runs if (values := run.evaluations(metric))]
        cells += [
            _mean_and_deviation([max(values) for values in evaluations]),
            _mean_and_deviation([values[-1] for values in evaluations]),
        ]
    return [name, keep_prob, str(len(runs)), *cells, *PUBLISHED.get(name, ("", ""))]


def _mean_and_deviation(values: list[float]) -> str:
    if not values:
        return ""
    mean = f"{100 * statistics.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} ± {100 * statistics.stdev(values):.2f}"
