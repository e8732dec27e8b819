"""The paper's Table 1: every regulariser, over seeds, beside the published numbers."""

import math
from pathlib import Path

from analysis.published import PUBLISHED
from analysis.rows import regularizer_of, row_of, tell_rows_apart
from analysis.runs import Run, find_runs
from analysis.tables import deviation, mean, write_csv

METRICS = {"accuracy": "top-1", "top5_accuracy": "top-5"}
HEADER = (
    "row", "keep_prob", "runs",
    *(f"{which} {name}" for name in METRICS.values() for which in ("best", "last")),
    "paper top-1 (ResNet-50, ImageNet)", "paper top-5",
)  # fmt: skip


def table1(folder: Path, *others: Path) -> str:
    """Writes ``table1.csv`` into ``folder`` and returns the table as Markdown.

    Best is the highest value over all evaluations of a run, as the paper reports it, last the
    value at its end; both in %, mean ± standard deviation over the runs of a row, which differ in
    their seed alone. Of several keep_probs the one with the highest best top-1 is shown, as the
    paper shows it; the file has all of them. Rows that the paper does not have, combinations of
    its rows, come last.

    Raises:
      FileNotFoundError: a folder has no finished run.
      ValueError: no run has an accuracy.
    """
    runs = find_runs(folder, *others)
    if not any(run.evaluations("accuracy") for run in runs):
        raise ValueError(f"no run in {folder} has eval/accuracy: Table 1 is of classification.")
    rows: dict[tuple[str, str], dict[str, list[Run]]] = {}
    suffixes = tell_rows_apart(runs, _name_of, columns=("regularizer.keep_prob",))
    for run, suffix in zip(runs, suffixes, strict=True):
        own = rows.setdefault((_name_of(run), suffix), {})
        own.setdefault(_keep_prob_of(run), []).append(run)
    names = list(PUBLISHED)
    shown: list[list[str]] = []
    table: list[list[str]] = []
    for (name, suffix), by_keep_prob in sorted(
        rows.items(), key=lambda row: names.index(row[0][0]) if row[0][0] in names else len(names)
    ):
        title = ", ".join(filter(None, [name, suffix]))
        lines = {
            keep_prob: [title, keep_prob, *_cells(own), *PUBLISHED.get(name, ("", ""))]
            for keep_prob, own in sorted(by_keep_prob.items())
        }
        table += lines.values()
        shown.append(lines[max(lines, key=lambda chosen: _mean_best(by_keep_prob[chosen]))])
    write_csv(folder / "table1.csv", [HEADER, *table])
    rule = ["---"] * len(HEADER)
    return "\n".join(f"| {' | '.join(line)} |" for line in [HEADER, rule, *shown])


def _name_of(run: Run) -> str:
    return row_of(run.config)


def _keep_prob_of(run: Run) -> str:
    """As text; "" without a regulariser."""
    return str(run.config["regularizer"]["keep_prob"]) if regularizer_of(run.config) else ""


def _mean_best(runs: list[Run]) -> float:
    """To choose by: what is no number loses."""
    value = mean([run.best("accuracy") for run in runs])
    return -math.inf if math.isnan(value) else value


def _cells(runs: list[Run]) -> list[str]:
    """The number of runs, then best and last of each metric; "" where no run has it."""
    cells = [str(len(runs))]
    for metric in METRICS:
        having = [run for run in runs if run.evaluations(metric)]
        cells += [
            _mean_and_deviation([run.best(metric) for run in having]),
            _mean_and_deviation([run.last(metric) for run in having]),
        ]
    return cells


def _mean_and_deviation(shares: list[float]) -> str:
    if not shares:
        return ""
    text = f"{100 * mean(shares):.2f}"
    return text if len(shares) == 1 else f"{text} ± {100 * deviation(shares):.2f}"
