"""A folder's runs as HTML: ``report.html`` beside this file, filled in."""

import base64
import html
import math
import string
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.curves import curves_figure
from analysis.outcomes import (
    ABSENT,
    fields_of,
    number_of,
    outcome_of,
    short_names,
    split_fields,
    versions_of,
)
from analysis.pictures import new_figure, svg
from analysis.runs import Run
from analysis.series import STYLES
from runfiles import FIGURES, State

TEMPLATE = Path(__file__).with_name("report.html")
#: Fields with more values than these tell nothing as a picture's axis.
MOST_VALUES = 12


class Page:
    """The page of all runs of a folder."""

    def __init__(self, folder: Path, runs: Sequence[Run]):
        self._folder = folder
        self._outcomes = [outcome_of(run, folder) for run in runs]
        self._shared, self._differing = split_fields([fields_of(run) for run in runs])

    def render(self) -> str:
        """The whole document."""
        states = [outcome.state for outcome in self._outcomes]
        counts = {state: states.count(state) for state in sorted(set(states))}
        return string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
            title=html.escape(self._folder.resolve().name),
            summary=", ".join(f"{count} {state}" for state, count in counts.items()),
            runs=len(states),
            table=self._table(),
            failures=_section("What failed, and why", self._failures()),
            overview=_section("The best value against each field", self._overview()),
            figures=_section("Figures", self._figures()),
            curves="".join(self._curves()),
            shared=_rows(self._shared.items()),
            shared_count=len(self._shared),
        )

    @cached_property
    def _label(self) -> str:
        """What the runs are judged by: the metric's label; "" if they differ in it."""
        labels = {outcome.label for outcome in self._outcomes if outcome.label}
        return labels.pop() if len(labels) == 1 else ""

    def _table(self) -> str:
        judged = (f"best {self._label}".strip(), "at step", "last")
        header = ["run", "state", *judged, *short_names(list(self._differing))]
        head = "".join(
            f'<th scope="col"><button>{html.escape(name)}</button></th>' for name in header
        )
        rows = []
        for index, outcome in enumerate(self._outcomes):
            own = [values[index] for values in self._differing.values()]
            total = outcome.run.record.steps
            state = str(outcome.state)
            if outcome.state in (State.RUNNING, State.WAITING) and total:
                state += f", {outcome.step} of {total}"
            cells = [
                f'<th scope="row"><a href="#run-{index}">{index + 1}</a></th>',
                f'<td class="{outcome.state}">{state}</td>',
                _cell(_number(outcome.best)),
                _cell(ABSENT if outcome.best_step is None else str(outcome.best_step)),
                _cell(_number(outcome.last)),
                *(_cell(value) for value in own),
            ]
            rows.append(f"<tr>{''.join(cells)}</tr>")
        return f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"

    def _failures(self) -> str:
        parts = []
        for index, outcome in enumerate(self._outcomes):
            if outcome.state is State.FAILED:
                log = f"<pre>{html.escape(outcome.log)}</pre>" if outcome.log else ""
                parts.append(
                    f'<p><a href="#run-{index}">Run {index + 1}</a>, '
                    f"{html.escape(outcome.name)}: <strong>{html.escape(outcome.reason)}</strong>"
                    f"</p>{log}"
                )
        return "".join(parts)

    def _overview(self) -> str:
        """A panel for each field: a point a run, and the means."""
        if not self._label:
            return ""
        fields = {
            name: values
            for name, values in self._differing.items()
            if name != "seed" and len(set(values)) <= MOST_VALUES
        }
        return "".join(self._panel(name, values) for name, values in fields.items())

    def _panel(self, name: str, values: Sequence[str]) -> str:
        points: dict[str, list[float]] = {}
        for value, outcome in zip(values, self._outcomes, strict=True):
            if value != ABSENT and not math.isnan(outcome.best):
                points.setdefault(value, []).append(outcome.best)
        if len(points) < 2:
            return ""
        ticks = sorted(points, key=lambda text: (number_of(text) is None, number_of(text), text))
        figure = new_figure(4, 3)
        axis = figure.subplots()
        for place, tick in enumerate(ticks):
            own = points[tick]
            axis.plot([place] * len(own), own, "o", color=STYLES[0][0], alpha=0.5, markersize=4)
        means = [sum(points[tick]) / len(points[tick]) for tick in ticks]
        # Between names there is nothing to draw a line through.
        line = "" if any(number_of(tick) is None for tick in ticks) else "-"
        axis.plot(means, color=STYLES[1][0], marker="_", markersize=14, linestyle=line)
        tilt = 30 if max(map(len, ticks)) * len(ticks) > 40 else 0
        axis.set_xticks(range(len(ticks)), ticks, rotation=tilt, ha="right" if tilt else "center")
        axis.set(xlabel=name, ylabel=self._label)
        axis.margins(x=0.1)
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        return f"<figure>{svg(figure, name)}</figure>"

    def _figures(self) -> str:
        """The folder's own pictures, and those of its best run."""
        pictures = [(path.name, path) for path in sorted(self._folder.glob("*.png"))]
        judged = [o for o in self._outcomes if not math.isnan(o.best)]
        if judged and self._label:
            best = max(judged, key=lambda outcome: outcome.best)
            number = self._outcomes.index(best) + 1
            pictures += [
                (f"{path.name} of the best run, {number}", path)
                for path in sorted((best.run.workdir / FIGURES).glob("*.png"))
                if path.name != "curves.png"
            ]
        return "".join(_picture(name, path) for name, path in pictures)

    def _curves(self) -> Iterable[str]:
        for index, outcome in enumerate(self._outcomes):
            run = outcome.run
            own = {name: values[index] for name, values in self._differing.items()}
            drawn = "<p>It has not begun.</p>"
            if run.record.begun:
                drawn = svg(curves_figure(run.record, run.lines), f"run-{index}")
            facts = _rows([*own.items(), *versions_of(run).items()])
            value = "" if math.isnan(outcome.best) else f": {_number(outcome.best)}"
            yield (
                f'<details id="run-{index}"><summary>{index + 1} '
                f"<span>{html.escape(outcome.name)}</span> {outcome.state}{value}</summary>"
                f'<div class="wide">{drawn}</div><table class="facts">{facts}</table></details>'
            )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _cell(text: str) -> str:
    kind = ' class="number"' if number_of(text) is not None else ""
    return f"<td{kind}>{html.escape(text)}</td>"


def _number(value: float) -> str:
    return ABSENT if math.isnan(value) else f"{value:.2f}"


def _rows(items: Iterable[tuple[str, Any]]) -> str:
    return "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>'
        for name, value in items
    )


def _picture(name: str, path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    label = html.escape(name)
    return (
        f'<figure><img alt="{label}" src="data:image/png;base64,{data}">'
        f"<figcaption>{label}</figcaption></figure>"
    )
