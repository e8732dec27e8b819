"""The paper's Figure 5: networks evaluated with DropBlock applied at inference."""

import json
from pathlib import Path

from matplotlib.figure import Figure

from analysis.networks import in_order, network_of
from analysis.runs import find_runs
from analysis.series import Point, collect, draw_lines, finish, write_csv


def figure5(folder: Path, *others: Path) -> str:
    """Draws ``figure5.png`` and writes ``figure5.csv`` into ``folder``; returns their paths.

    From the ``inference.jsonl`` that ``eval.py --inference_keep_prob=...`` writes into a run's
    folder: a panel for each block_size at inference, a line for each network.

    Raises:
      FileNotFoundError: a folder holds no run, or no run has one.
    """
    panels: dict[int, list] = {}
    for run in find_runs(folder, *others):
        path = run.workdir / "inference.jsonl"
        for text in path.read_text().splitlines() if path.exists() else ():
            line = json.loads(text)
            value = (network_of(run.config), line["keep_prob"], line["eval/accuracy"])
            panels.setdefault(line["block_size"], []).append(value)
    if not panels:
        raise FileNotFoundError(
            f"{folder} holds no inference.jsonl: eval.py --inference_keep_prob=1,0.9,... writes it."
        )
    points: dict[str, list[Point]] = {
        f"block_size {size} at inference": collect(values)
        for size, values in sorted(panels.items())
    }
    names = in_order({point.line for own in points.values() for point in own})
    figure = Figure(figsize=(5 * len(points), 4.2), layout="constrained")
    axes = figure.subplots(1, len(points), sharey=True, squeeze=False)[0]
    for axis, (title, own) in zip(axes, points.items(), strict=True):
        draw_lines(axis, own, order=names)
        axis.set(xlabel="keep_prob at inference", title=title)
        axis.invert_xaxis()
    axes[0].set(ylabel="top-1 accuracy, %")
    table = write_csv(folder, "figure5", "keep_prob", points)
    return f"{finish(figure, axes, folder, 'figure5')}\n{table}"
