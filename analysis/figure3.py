"""The paper's Figure 3: accuracy against keep_prob."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from analysis.published import PUBLISHED, is_papers_network
from analysis.rows import other_changes
from analysis.runs import find_runs
from analysis.series import collect, draw_level, draw_lines, finish, name_of, write_csv

DROPOUT = "dropout"
LINES = (DROPOUT, "DropBlock", "DropBlock + schedule", "DropBlock + skip + schedule")
#: Line -> (keep_prob, row of Table 1).
PAPER = {DROPOUT: (0.7, "dropout"), LINES[3]: (0.9, "dropblock")}


def figure3(folder: Path, *others: Path) -> str:
    """Draws ``figure3.png`` and writes ``figure3.csv`` into ``folder``; returns their paths.

    Best accuracy of each run, as the paper reports it; mean and standard deviation over seeds.
    Runs without a regulariser are a level; those with cutout, AutoAugment or label smoothing are
    left out. The paper's own points stand beside those of its network.

    Raises:
      FileNotFoundError: a folder holds no run.
    """
    values, baseline, papers = [], [], False
    for run in find_runs(folder, *others):
        if other_changes(run.config) or not (accuracies := run.evaluations("accuracy")):
            continue
        papers |= is_papers_network(run.config)
        line = line_of(run.config["regularizer"])
        if line is not None:
            values.append((line, run.config["regularizer"]["keep_prob"], max(accuracies)))
        else:
            baseline.append(max(accuracies))
    points = collect(values)
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    axis = figure.subplots()
    draw_lines(axis, points, order=LINES)
    draw_level(axis, baseline, "no regulariser")
    if papers:
        for keep_prob, row in PAPER.values():
            mean = float(PUBLISHED[row][0].split()[0])
            axis.plot(keep_prob, mean, "k*", markersize=10, label=f"paper, {row}")
    axis.set(xlabel="keep_prob", ylabel="top-1 accuracy, %")
    table = write_csv(folder, "figure3", "keep_prob", {"": points})
    return f"{finish(figure, [axis], folder, 'figure3')}\n{table}"


def line_of(regularizer: dict[str, Any]) -> str | None:
    """The line that a run belongs to; None where it has no regulariser."""
    if regularizer["name"] == "none":
        return None
    if regularizer["name"] != "dropblock":
        return regularizer["name"]
    return name_of(regularizer, "DropBlock")
