"""How far a run has come: what it logged, evaluated and saved."""

import math
from pathlib import Path
from typing import Any

from runfiles.json_lines import read_lines
from runfiles.names import CHECKPOINTS, METRICS
from runfiles.record import read_record


def read_metrics(workdir: Path) -> list[dict[str, Any]]:
    """Reads ``metrics.jsonl`` as :func:`runfiles.read_lines`; lines without a step are no lines."""
    return [line for line in read_lines(workdir / METRICS) if isinstance(line.get("step"), int)]


def evaluations(workdir: Path, metric: str) -> dict[int, float]:
    """Step -> value of ``eval/<metric>``, of every evaluation that has it; NaN where it failed."""
    name = f"eval/{metric}"
    return {line["step"]: line[name] for line in read_metrics(workdir) if name in line}


def best_step(values: dict[int, float]) -> int | None:
    """The step of the largest value, the later of equals; None where no value is a number."""
    numbers = [(value, step) for step, value in values.items() if not math.isnan(value)]
    return max(numbers)[1] if numbers else None


def checkpoint_steps(workdir: Path) -> list[int]:
    """The steps that have a checkpoint, ascending: folders whose name is a number.

    Whether their files are whole is not looked at. Files, and folders of other names, are none.
    """
    folder = workdir / CHECKPOINTS
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if _is_step(path))


def is_complete(workdir: Path) -> bool:
    """Whether the run has nothing left to do: its last state is evaluated and saved."""
    record = read_record(workdir)
    if record is None or record.steps is None or record.best_metric is None:
        return False
    is_saved = record.steps in checkpoint_steps(workdir)
    return is_saved and record.steps in evaluations(workdir, record.best_metric)


def _is_step(path: Path) -> bool:
    return path.name.isascii() and path.name.isdigit() and path.is_dir()
