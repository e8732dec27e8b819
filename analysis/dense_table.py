"""A dense task's metric against block_size, beside the paper's own: Tables 4 and 5."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.pictures import new_figure
from analysis.published import Published
from analysis.rows import regularizer_of, tell_rows_apart
from analysis.runs import Run, find_runs
from analysis.series import Point, collect, draw_levels, draw_lines, finish
from analysis.tables import deviation, mean, write_csv

NONE = "none"


@dataclass(frozen=True)
class DenseTable:
    """What the table of a dense task shows.

    Attributes:
      name: of the files.
      metrics: name -> title; the first is judged by, drawn and paired.
      published: the paper's own.
    """

    name: str
    metrics: Mapping[str, str]
    published: Published

    @property
    def metric(self) -> str:
        """The one that is judged by."""
        return next(iter(self.metrics))


@dataclass(frozen=True)
class _Row:
    """Runs that differ in their seed alone."""

    where: str
    keep_prob: float | None
    block_size: int | None
    runs: Sequence[Run]

    @property
    def line(self) -> str:
        return f"{self.where}, keep_prob {self.keep_prob}" if self.block_size else self.where


def dense_table(shown: DenseTable, folder: Path, *others: Path) -> str:
    """Draws ``NAME.png``, writes ``NAME.csv`` into ``folder``, returns the table as Markdown.

    Values, in %, are those at the end of each run, mean ± standard deviation over seeds. The gain
    is the first metric less that of the run without a regulariser and with the same seed. What
    eval.py measured on other splits stands in further columns and in panels of its own.

    Raises:
      FileNotFoundError: a folder has no finished run.
      ValueError: no run has the first metric.
    """
    runs = find_runs(folder, *others)
    if not any(run.evaluations(shown.metric) for run in runs):
        raise ValueError(f"no run in {folder} has eval/{shown.metric}, which {shown.name} shows.")
    rows = _rows(runs)
    splits = sorted({split for run in runs for split in run.other_splits(shown.metric)})
    header = [
        "DropBlock on", "keep_prob", "block_size", "runs",
        *shown.metrics.values(), f"gain in {shown.metrics[shown.metric]}",
        *(f"{title}, {split}" for split in splits for title in shown.metrics.values()),
    ]  # fmt: skip
    table = [_cells(shown, row, rows, splits) for row in rows]
    write_csv(folder / f"{shown.name}.csv", [header, *table])
    _draw(shown, rows, splits, folder)
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *table])


def _rows(runs: Sequence[Run]) -> list[_Row]:
    shown = ("regularizer.keep_prob", "regularizer.block_size")
    suffixes = tell_rows_apart(runs, _where, columns=shown)
    found: dict[tuple[str, float | None, int | None], list[Run]] = {}
    for run, suffix in zip(runs, suffixes, strict=True):
        fields = run.config["regularizer"]
        numbers = (None, None) if _where(run) == NONE else (
            fields["keep_prob"], fields.get("block_size", 1)
        )  # fmt: skip
        found.setdefault((", ".join(filter(None, [_where(run), suffix])), *numbers), []).append(run)
    order = sorted(found, key=lambda key: (key[0] != NONE, key[0], key[1] or 0, key[2] or 0))
    return [
        _Row(where, keep_prob, size, found[where, keep_prob, size])
        for where, keep_prob, size in order
    ]


def _where(run: Run) -> str:
    name = regularizer_of(run.config)
    if name is None:
        return NONE
    where = "branches" if run.config["regularizer"].get("branches") else "backbone"
    return where if name == "dropblock" else f"{name} on {where}"


def _cells(shown: DenseTable, row: _Row, rows: Sequence[_Row], splits: Sequence[str]) -> list[str]:
    without = {
        run.config["seed"]: run for other in rows if other.where == NONE for run in other.runs
    }
    gains = [
        run.last(shown.metric) - without[run.config["seed"]].last(shown.metric)
        for run in row.runs
        if row.where != NONE and run.config["seed"] in without
    ]
    return [
        row.where,
        *("" if number is None else str(number) for number in (row.keep_prob, row.block_size)),
        str(len(row.runs)),
        *(_mean_and_deviation([run.last(metric) for run in row.runs]) for metric in shown.metrics),
        _mean_and_deviation(gains, sign="+"),
        *(
            _mean_and_deviation([run.other_splits(metric).get(split) for run in row.runs])
            for split in splits
            for metric in shown.metrics
        ),
    ]


def _mean_and_deviation(shares: Sequence[float | None], sign: str = "") -> str:
    numbers = [share for share in shares if share is not None]
    if not numbers:
        return ""
    text = f"{100 * mean(numbers):{sign}.2f}"
    return text if len(numbers) == 1 else f"{text} ± {100 * deviation(numbers):.2f}"


def _draw(shown: DenseTable, rows: Sequence[_Row], splits: Sequence[str], folder: Path) -> None:
    panels = ["", *splits]
    figure = new_figure(4.6 * (len(panels) + 1), 4.0)
    axes = figure.subplots(1, len(panels) + 1)
    lines = [row.line for row in rows if row.block_size]
    for axis, split in zip(axes, panels, strict=False):
        points = collect(
            [
                (row.line, math.nan if row.block_size is None else row.block_size, value)
                for row in rows
                for run in row.runs
                if (value := _value(shown.metric, run, split)) is not None
            ]
        )
        draw_levels(axis, [point for point in points if math.isnan(point.x)])
        draw_lines(axis, [point for point in points if not math.isnan(point.x)], order=lines)
        axis.set_xticks(sorted({point.x for point in points if not math.isnan(point.x)}))
        own = rows[0].runs[0].config["data"]
        axis.set(title=f"{own['name']}, {split or own['eval_split']}", xlabel="block_size")
    published = shown.published
    paper = [Point("paper", size, [value]) for size, value in published.by_block_size.items()]
    draw_lines(axes[-1], paper, order=[*lines, "paper"])
    draw_levels(axes[-1], [Point("paper, none", math.nan, [published.without])])
    axes[-1].set_xticks(list(published.by_block_size))
    axes[-1].set(title=f"paper: {published.what}", xlabel="block_size")
    axes[0].set(ylabel=f"{shown.metrics[shown.metric]}, %")
    finish(figure, axes, folder, shown.name)


def _value(metric: str, run: Run, split: str) -> float | None:
    """In %, at the end of the run or as eval.py measured it on another split."""
    value = run.other_splits(metric).get(split) if split else run.last(metric)
    return None if value is None else 100 * value
