"""The paper's Figure 4: accuracy against block_size, by where DropBlock is applied."""

from pathlib import Path

from matplotlib.figure import Figure

from analysis.published import PUBLISHED, is_papers_network
from analysis.runs import find_runs
from analysis.series import collect, draw_lines, finish, name_of, write_csv

LINES = ("convolutions", "+ skip", "+ skip + schedule")


def figure4(folder: Path, *others: Path) -> str:
    """Draws ``figure4.png`` and writes ``figure4.csv`` into ``folder``; returns their paths.

    A panel for each set of groups. Best accuracy of each run, mean and standard deviation over
    seeds. The paper's own point stands beside those of its network.

    Raises:
      FileNotFoundError: a folder holds no run.
    """
    panels: dict[str, list] = {}
    papers = False
    for run in find_runs(folder, *others):
        regularizer, accuracies = run.config["regularizer"], run.evaluations("accuracy")
        if regularizer["name"] == "dropblock" and accuracies:
            papers |= is_papers_network(run.config)
            line = name_of(regularizer, "convolutions").replace("convolutions +", "+")
            groups = " and ".join(map(str, regularizer["groups"]))
            name = f"group{'s' if 'and' in groups else ''} {groups}"
            value = (line, regularizer["block_size"], max(accuracies))
            panels.setdefault(name, []).append(value)
    points = {name: collect(values) for name, values in sorted(panels.items())}
    figure = Figure(figsize=(5 * len(points), 4.2), layout="constrained")
    axes = figure.subplots(1, len(points), sharey=True, squeeze=False)[0]
    for axis, (name, own) in zip(axes, points.items(), strict=True):
        draw_lines(axis, own, order=LINES)
        if papers and name == "groups 3 and 4":
            mean = float(PUBLISHED["dropblock"][0].split()[0])
            axis.plot(7, mean, "k*", markersize=10, label="paper, all three")
        axis.set(xlabel="block_size", title=f"DropBlock on {name}")
        axis.set_xticks(sorted({point.x for point in own}))
    axes[0].set(ylabel="top-1 accuracy, %")
    table = write_csv(folder, "figure4", "block_size", points)
    return f"{finish(figure, axes, folder, 'figure4')}\n{table}"
