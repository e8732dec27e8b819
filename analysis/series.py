"""Accuracies over seeds as lines with error bars: what the paper's figures have in common."""

import csv
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

#: Colour-blind safe (Okabe and Ito 2008), in an order that also differs in grey; with markers.
STYLES = [
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "D"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
]


@dataclass(frozen=True)
class Point:
    """The runs of one line at one x: their accuracies, as shares."""

    line: str
    x: float
    accuracies: Sequence[float]

    @property
    def mean(self) -> float:
        """In %."""
        return 100 * statistics.mean(self.accuracies)

    @property
    def deviation(self) -> float:
        """Sample standard deviation over the runs, in %; 0 of a single one."""
        return 100 * statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0


def collect(values: Sequence[tuple[str, float, float]]) -> list[Point]:
    """Points from (line, x, accuracy), by x; lines stay in the order in which they first come."""
    places: dict[tuple[str, float], list[float]] = {}
    for line, x, accuracy in values:
        places.setdefault((line, x), []).append(accuracy)
    lines = list(dict.fromkeys(line for line, _, _ in values))
    ordered = sorted(places.items(), key=lambda item: (lines.index(item[0][0]), item[0][1]))
    return [Point(line, x, accuracies) for (line, x), accuracies in ordered]


def name_of(regularizer: dict[str, Any], base: str) -> str:
    """A line's name by what DropBlock is given beside the convolutions: skip, schedule."""
    parts = {"skip": regularizer["on_skip"], "schedule": regularizer["schedule"] == "linear"}
    return " + ".join([base, *(name for name, is_on in parts.items() if is_on)])


def draw_lines(axis: Any, points: Sequence[Point], *, order: Sequence[str]) -> None:
    """One line with error bars for each name, those of ``order`` first and always alike."""
    names = dict.fromkeys([*order, *(point.line for point in points)])
    spread = max((point.x for point in points), default=0) - min((p.x for p in points), default=0)
    for index, name in enumerate(names):
        colour, marker = STYLES[index % len(STYLES)]
        own = [point for point in points if point.line == name]
        if own:
            axis.errorbar(
                # Side by side, or error bars would hide each other.
                [point.x + 0.008 * spread * (index - (len(names) - 1) / 2) for point in own],
                [point.mean for point in own],
                [point.deviation for point in own],
                color=colour, marker=marker, markersize=5, linewidth=1.5, capsize=3, label=name,
            )  # fmt: skip


def draw_level(axis: Any, accuracies: Sequence[float], label: str) -> None:
    """A level that has no x: mean and deviation as a grey line and band."""
    if accuracies:
        point = Point(label, 0, accuracies)
        axis.axhline(point.mean, color="0.35", linestyle="--", linewidth=1, label=label)
        low, high = point.mean - point.deviation, point.mean + point.deviation
        axis.axhspan(low, high, color="0.35", alpha=0.12, linewidth=0)


def finish(figure: Figure, axes: Sequence[Any], folder: Path, name: str) -> Path:
    """The same frame for all, one legend below; saves ``name.png`` and returns its path."""
    lines: dict[str, Any] = {}
    for axis in axes:
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        handles, labels = axis.get_legend_handles_labels()
        lines |= dict(zip(labels, handles, strict=True))
    figure.legend(
        lines.values(), lines.keys(), loc="outside lower center", ncols=3, frameon=False, fontsize=9
    )
    path = folder / f"{name}.png"
    figure.savefig(path, dpi=150)
    return path


def write_csv(folder: Path, name: str, x: str, panels: dict[str, Sequence[Point]]) -> Path:
    """``name.csv``: panel, line, x, runs, mean and standard deviation in %; returns its path."""
    path = folder / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["panel", "line", x, "runs", "accuracy_mean", "accuracy_deviation"])
        for panel, points in panels.items():
            for point in points:
                writer.writerow(
                    [
                        *(panel, point.line, point.x, len(point.accuracies)),
                        *(f"{point.mean:.2f}", f"{point.deviation:.2f}"),
                    ]
                )
    return path
