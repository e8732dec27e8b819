"""The paper's Figure 4: accuracy against block_size, by where DropBlock is applied."""

from pathlib import Path

from analysis.measure import measure_of
from analysis.pictures import new_figure
from analysis.published import is_papers_network, published_mean
from analysis.rows import regularizer_of, tell_rows_apart
from analysis.runs import Run, find_runs
from analysis.series import collect, draw_lines, finish, name_of, write_points

LINES = ("convolutions", "+ skip", "+ skip + schedule")


def figure4(folder: Path, *others: Path) -> str:
    """Draws ``figure4.png`` and writes ``figure4.csv`` into ``folder``; returns their paths.

    A panel for each set of groups. Shown is the best value of each run's metric: mean and standard
    deviation over seeds. Runs without DropBlock are left out. The paper's own point stands beside
    those of its network.

    Raises:
      FileNotFoundError: a folder has no finished run, or none has DropBlock.
      ValueError: the runs are of different tasks.
    """
    runs = find_runs(folder, *others)
    runs = [run for run in runs if regularizer_of(run.config) == "dropblock"]
    if not runs:
        raise FileNotFoundError(f"{folder} holds no finished run with DropBlock.")
    measure = measure_of(runs)
    shown = ("regularizer.groups", "regularizer.block_size")
    panels: dict[str, list[tuple[str, float, float]]] = {}
    for run, suffix in zip(runs, tell_rows_apart(runs, _line_of, columns=shown), strict=True):
        line = ", ".join(filter(None, [_line_of(run), suffix]))
        value = (line, run.config["regularizer"]["block_size"], measure.best(run))
        panels.setdefault(_panel_of(run), []).append(value)
    points = {name: collect(values) for name, values in sorted(panels.items())}
    figure = new_figure(5 * len(points), 4.2)
    axes = figure.subplots(1, len(points), sharey=True, squeeze=False)[0]
    has_papers = measure.metric == "accuracy" and any(is_papers_network(run.config) for run in runs)
    names = [*LINES, *dict.fromkeys(point.line for own in points.values() for point in own)]
    for axis, (name, own) in zip(axes, points.items(), strict=True):
        draw_lines(axis, own, order=names)
        if has_papers and name == "groups 3 and 4":
            axis.plot(7, published_mean("dropblock"), "k*", markersize=10, label="paper, all three")
        axis.set(xlabel="block_size", title=f"DropBlock on {name}")
        axis.set_xticks(sorted({point.x for point in own}))
    axes[0].set(ylabel=measure.label)
    table = write_points(folder, "figure4", "block_size", measure.metric, points)
    return f"{finish(figure, axes, folder, 'figure4')}\n{table}"


def _line_of(run: Run) -> str:
    return name_of(run.config["regularizer"], "convolutions").replace("convolutions +", "+")


def _panel_of(run: Run) -> str:
    groups = run.config["regularizer"]["groups"]
    return f"group{'s' if len(groups) > 1 else ''} {' and '.join(map(str, groups))}"
