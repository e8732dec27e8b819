"""The paper's Figure 3: accuracy against keep_prob."""

from pathlib import Path

from analysis.measure import measure_of
from analysis.pictures import new_figure
from analysis.published import is_papers_network, published_mean
from analysis.rows import other_changes, regularizer_of, tell_rows_apart
from analysis.runs import Run, find_runs
from analysis.series import collect, draw_levels, draw_lines, finish, name_of, write_points

LEVEL = "no regulariser"
LINES = ("dropout", "DropBlock", "DropBlock + schedule", "DropBlock + skip + schedule")
#: Row of Table 1 -> its keep_prob.
PAPER = {"dropout": 0.7, "dropblock": 0.9}


def figure3(folder: Path, *others: Path) -> str:
    """Draws ``figure3.png`` and writes ``figure3.csv`` into ``folder``; returns their paths.

    Shown is the best value of each run's metric, as the paper reports it: mean and standard
    deviation over seeds. Runs without a regulariser are a level; those with cutout, AutoAugment or
    label smoothing are left out. The paper's own points stand beside those of its network.

    Raises:
      FileNotFoundError: a folder has no finished run, or there is none to show.
      ValueError: the runs are of different tasks.
    """
    runs = [run for run in find_runs(folder, *others) if not other_changes(run.config)]
    if not runs:
        raise FileNotFoundError(
            f"{folder} holds no run to show: all have cutout, AutoAugment or label smoothing."
        )
    measure = measure_of(runs)
    keep_prob = "regularizer.keep_prob"
    suffixes = tell_rows_apart(runs, _line_of, columns=(keep_prob,))
    lines, levels = [], []
    for run, suffix in zip(runs, suffixes, strict=True):
        name = ", ".join(filter(None, [_line_of(run), suffix]))
        if regularizer_of(run.config):
            lines.append((name, run.config["regularizer"]["keep_prob"], measure.best(run)))
        else:
            levels.append((name, 0.0, measure.best(run)))
    points = collect(lines)
    figure = new_figure(6, 4.2)
    axis = figure.subplots()
    draw_lines(axis, points, order=LINES)
    draw_levels(axis, collect(levels))
    if measure.metric == "accuracy" and any(is_papers_network(run.config) for run in runs):
        for row, x in PAPER.items():
            axis.plot(x, published_mean(row), "k*", markersize=10, label=f"paper, {row}")
    axis.set(xlabel="keep_prob", ylabel=measure.label)
    table = write_points(folder, "figure3", "keep_prob", measure.metric, {"": points})
    return f"{finish(figure, [axis], folder, 'figure3')}\n{table}"


def _line_of(run: Run) -> str:
    name = regularizer_of(run.config)
    return name_of(run.config["regularizer"], "DropBlock") if name == "dropblock" else name or LEVEL
