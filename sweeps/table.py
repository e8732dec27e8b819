"""A sweep's results: one row a run, from the runs' folders."""

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from runfiles import (
    FAILED,
    SWEEP_TABLE,
    State,
    best_step,
    evaluations,
    read_metrics,
    read_record,
    replace,
)
from sweeps.launch import Board
from sweeps.plan import Trial


@dataclasses.dataclass(frozen=True)
class Result:
    """What a run has reached so far.

    Attributes:
      step: the last that it logged.
      steps: of the whole run; None before it began.
      best_step: of its best evaluation; None before the first.
      best: that evaluation's metric, by which the best checkpoint is chosen.
      last: the same of the last evaluation.
      metric: its name.
      seconds: of training, evaluation and start-up left out; runs that train together share them.
    """

    step: int = 0
    steps: int | None = None
    best_step: int | None = None
    best: float | None = None
    last: float | None = None
    metric: str | None = None
    seconds: float = 0.0


def read_result(trial: Trial) -> Result:
    """Reads what a run has reached from its folder."""
    record = read_record(trial.workdir)
    if record is None or record.best_metric is None:
        return Result()
    scores = evaluations(trial.workdir, record.best_metric)
    best = best_step(scores)
    lines = read_metrics(trial.workdir)
    seconds, before = 0.0, 0
    for line in lines:
        if (rate := line.get("train/images_per_second", 0.0)) > 0:
            seconds += (line["step"] - before) * trial.config.batch_size / rate
            before = line["step"]
    return Result(
        step=max((line["step"] for line in lines), default=0),
        steps=record.steps,
        best_step=best,
        best=None if best is None else scores[best],
        last=scores[max(scores)] if scores else None,
        metric=record.best_metric,
        seconds=seconds,
    )


def write_table(folder: Path, board: Board, results: dict[Trial, Result]) -> None:
    """Writes ``sweep.csv``: a row for each run, whole or not at all.

    Columns: run, state, the fields, seed, best_step, best_accuracy and last_accuracy (or whatever
    the task's metric is; as shares), seconds, and why it failed.
    """
    trials = list(board.states)
    fields = list(dict.fromkeys(field for trial in trials for field in trial.changes))
    fields = [field for field in fields if field != "seed"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    metric = next((result.metric for result in results.values() if result.metric), "metric")
    ends = ("seed", "best_step", f"best_{metric}", f"last_{metric}", "seconds", "failed")
    writer.writerow(["run", "state", *fields, *ends])
    for trial in trials:
        result = results[trial]
        writer.writerow(
            [
                *(trial.name, board.states[trial]),
                *(_field(trial, field) for field in fields),
                *(trial.config.seed, result.best_step, result.best, result.last),
                *(round(result.seconds, 1), why_failed(trial, board)),
            ]
        )
    replace(folder / SWEEP_TABLE, text.getvalue())


def why_failed(trial: Trial, board: Board) -> str:
    """Says in one line why a run failed; "" of a run that did not."""
    if board.states[trial] is not State.FAILED:
        return ""
    try:
        return " ".join((trial.workdir / FAILED).read_text(errors="replace").split())
    except FileNotFoundError:
        return ""  # somebody retries it just now


def best_of(results: dict[Trial, Result], count: int) -> Sequence[tuple[Trial, Result]]:
    """Returns the best runs so far, the best one first."""
    evaluated = [(trial, result) for trial, result in results.items() if result.best is not None]
    return sorted(evaluated, key=lambda pair: -(pair[1].best or 0.0))[:count]


def _field(trial: Trial, field: str) -> Any:
    """Reads a field of any run, whether the grid sets it there or not; None where it has none."""
    value: Any = trial.config
    for name in field.split("."):
        if not isinstance(value, ConfigDict) or name not in value:
            return None
        value = value[name]
    return json.dumps(value) if isinstance(value, list | tuple) else value
