"""The paper's Figure 5: networks evaluated with DropBlock applied at inference."""

import math
from pathlib import Path

from analysis.measure import measure_of
from analysis.networks import networks
from analysis.pictures import new_figure
from analysis.runs import find_runs
from analysis.series import collect, draw_lines, finish, write_points
from runfiles import INFERENCE, read_lines


def figure5(folder: Path, *others: Path) -> str:
    """Draws ``figure5.png`` and writes ``figure5.csv`` into ``folder``; returns their paths.

    From the ``inference.jsonl`` that ``eval.py --inference_keep_prob=...`` writes into a run's
    folder: a panel for each block_size at inference, a line for each network.

    Raises:
      FileNotFoundError: a folder has no finished run, or no run has that file.
      ValueError: the runs are of different tasks.
    """
    runs = [run for run in find_runs(folder, *others) if read_lines(run.workdir / INFERENCE)]
    if not runs:
        raise FileNotFoundError(
            f"{folder} holds no {INFERENCE} of a finished run: "
            "eval.py --inference_keep_prob=1,0.9,... writes it."
        )
    measure = measure_of(runs)
    by_network = networks(runs)
    panels: dict[int, list[tuple[str, float, float]]] = {}
    for name, own in by_network.items():
        for line in (line for run in own for line in read_lines(run.workdir / INFERENCE)):
            # Another version may have written other metrics.
            value = measure.factor * line.get(f"eval/{measure.metric}", math.nan)
            panels.setdefault(line["block_size"], []).append((name, line["keep_prob"], value))
    points = {
        f"block_size {size} at inference": collect(values)
        for size, values in sorted(panels.items())
    }
    figure = new_figure(5 * len(points), 4.2)
    axes = figure.subplots(1, len(points), sharey=True, squeeze=False)[0]
    for axis, (title, shown) in zip(axes, points.items(), strict=True):
        draw_lines(axis, shown, order=list(by_network))
        axis.set(xlabel="keep_prob at inference", title=title)
        axis.invert_xaxis()
    axes[0].set(ylabel=measure.label)
    table = write_points(folder, "figure5", "keep_prob", measure.metric, points)
    return f"{finish(figure, axes, folder, 'figure5')}\n{table}"
