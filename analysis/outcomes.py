"""How runs came out, finished or not, and in which fields of their configs they differ."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.measure import curves_of, factor_of, label_of
from analysis.runs import Run
from runfiles import FAILED, TRAIN_LOG, State, best_step, deciding_fields, read_state

LOG_LINES = 25
ABSENT = "–"  # noqa: RUF001


@dataclass(frozen=True)
class Outcome:
    """A run as the rows of a report have it.

    Attributes:
      run: the run.
      name: its folder, from the folder of all.
      state: as ``sweep.py`` has it, but it needs no checkpoint to be done.
      label: of the metric that it is judged by, with the unit; "" before it began.
      best: the metric's best value as it is drawn; NaN where there is none.
      best_step: of that evaluation.
      last: the metric's last value.
      step: the last that it logged.
    """

    run: Run
    name: str
    state: State
    label: str
    best: float
    best_step: int | None
    last: float
    step: int

    @property
    def reason(self) -> str:
        """Why it failed, in one line; "" of a run that did not."""
        return _text(self.run.workdir / FAILED).strip() if self.state is State.FAILED else ""

    @property
    def log(self) -> str:
        """The last lines that it printed, where a sweep kept them."""
        return "\n".join(_text(self.run.workdir / TRAIN_LOG).splitlines()[-LOG_LINES:])


def outcome_of(run: Run, folder: Path) -> Outcome:
    """Reads how a run came out."""
    metric = run.record.best_metric
    values = run.evaluations(metric) if metric else {}
    curve = next((c for c in curves_of(run.record) if c["metric"] == metric), None)
    factor = factor_of(curve) if curve else 1.0
    step = best_step(values)
    return Outcome(
        run=run,
        name=os.path.relpath(run.workdir, folder),
        state=read_state(run.workdir, done=run.is_finished),
        label=label_of(curve) if curve else (metric or ""),
        best=math.nan if step is None else factor * values[step],
        best_step=step,
        last=factor * values[max(values)] if values else math.nan,
        step=max((line["step"] for line in run.lines), default=0),
    )


def fields_of(run: Run) -> dict[str, str]:
    """The fields that decide what a run computes, as text."""
    fields = deciding_fields(run.config)
    return {name: ABSENT if value is None else str(value) for name, value in fields.items()}


def split_fields(
    runs: Sequence[dict[str, str]],
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """What all runs that have a field share, and field -> a value for each run of the others."""
    names = dict.fromkeys(name for fields in runs for name in fields)
    found = {name: {fields[name] for fields in runs if name in fields} for name in names}
    shared = {name: values.pop() for name, values in found.items() if len(values) == 1}
    differing = [name for name in names if name not in shared]
    return shared, {name: [fields.get(name, ABSENT) for fields in runs] for name in differing}


def short_names(fields: Sequence[str]) -> list[str]:
    """The last parts of dotted names, where these tell them apart."""
    last = [field.rpartition(".")[2] for field in fields]
    return [
        short if last.count(short) == 1 else field
        for short, field in zip(last, fields, strict=True)
    ]


def number_of(text: str) -> float | None:
    """The number that a text is; None if it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def versions_of(run: Run) -> dict[str, Any]:
    """With which code and packages it was started last, as far as it says."""
    if not run.record.starts:
        return {}
    start = run.record.starts[-1]
    packages = start.get("packages", {})
    known = {name: packages[name] for name in ("jax", "flax", "optax") if name in packages}
    commit = start.get("code", {}).get("commit")
    named = {"started": start.get("time"), "commit": commit, "python": start.get("python")}
    return {name: value for name, value in (named | known).items() if value}
