"""Values over seeds as lines with error bars: what the paper's figures have in common."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import tables
from analysis.pictures import Figure, save

#: Colour-blind safe (Okabe and Ito 2008), in an order that also differs in grey; with markers.
STYLES = [
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "D"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
]
DASHES = ("-", "--", ":")


@dataclass(frozen=True)
class Point:
    """The runs of one line at one x: their values, as drawn."""

    line: str
    x: float
    values: Sequence[float]

    @property
    def mean(self) -> float:
        """Over the runs."""
        return tables.mean(self.values)

    @property
    def deviation(self) -> float:
        """Sample standard deviation over the runs; 0 of a single one."""
        return tables.deviation(self.values)


def collect(values: Sequence[tuple[str, float, float]]) -> list[Point]:
    """Makes points of (line, x, value), by x; lines stay in the order in which they first come."""
    places: dict[tuple[str, float], list[float]] = {}
    for line, x, value in values:
        places.setdefault((line, x), []).append(value)
    lines = list(dict.fromkeys(line for line, _, _ in values))
    ordered = sorted(places.items(), key=lambda item: (lines.index(item[0][0]), item[0][1]))
    return [Point(line, x, own) for (line, x), own in ordered]


def name_of(regularizer: dict[str, Any], base: str) -> str:
    """Names a line by where and when DropBlock is applied beside the convolutions."""
    parts = {
        "skip": regularizer.get("on_skip", False),
        "schedule": regularizer.get("schedule") == "linear",
    }
    return " + ".join([base, *(name for name, is_on in parts.items() if is_on)])


def draw_lines(axis: Any, points: Sequence[Point], *, order: Sequence[str]) -> None:
    """Draws a line with error bars for each name, those of ``order`` first and always alike."""
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
                linestyle=DASHES[index // len(STYLES) % len(DASHES)],
            )  # fmt: skip


def draw_levels(axis: Any, points: Sequence[Point]) -> None:
    """Draws what has no x: means and deviations as grey lines and bands."""
    for index, point in enumerate(points):
        style = ("--", ":", "-.")[index % 3]
        axis.axhline(point.mean, color="0.35", linestyle=style, linewidth=1, label=point.line)
        low, high = point.mean - point.deviation, point.mean + point.deviation
        axis.axhspan(low, high, color="0.35", alpha=0.12, linewidth=0)


def finish(figure: Figure, axes: Sequence[Any], folder: Path, name: str) -> Path:
    """Gives all axes one frame and one legend below; saves ``name.png`` and returns its path."""
    lines: dict[str, Any] = {}
    for axis in axes:
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        handles, labels = axis.get_legend_handles_labels()
        lines |= dict(zip(labels, handles, strict=True))
    columns = _columns(figure.get_figwidth(), lines)
    rows = math.ceil(len(lines) / columns)
    figure.set_figheight(figure.get_figheight() + 0.2 * max(0, rows - 2))
    figure.legend(
        lines.values(), lines.keys(),
        loc="outside lower center", ncols=columns, frameon=False, fontsize=9,
    )  # fmt: skip
    return save(figure, folder / f"{name}.png", dpi=150)


def _columns(width: float, names: Iterable[str]) -> int:
    """How many columns of names stand side by side in so many inches: 1 to 3."""
    column = 0.5 + 0.075 * max(map(len, names), default=0)
    return max(1, min(3, int(width / column)))


def write_points(
    folder: Path, name: str, x: str, metric: str, panels: Mapping[str, Sequence[Point]]
) -> Path:
    """Writes ``name.csv`` and returns its path.

    Columns: panel, line, x, runs, and the metric's mean and standard deviation as drawn.
    """
    rows = [
        [panel, point.line, point.x, len(point.values), f"{point.mean:.2f}",
         f"{point.deviation:.2f}"]
        for panel, points in panels.items()
        for point in points
    ]  # fmt: skip
    header = ["panel", "line", x, "runs", f"{metric}_mean", f"{metric}_deviation"]
    return tables.write_csv(folder / f"{name}.csv", [header, *rows])
