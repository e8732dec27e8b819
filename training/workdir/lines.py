"""What eval.py writes: lines in a run's folder, and results of the examples where it is told."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runfiles import json_line, replace
from tasks import Task, WritesResults
from training.devices import processes


def write_lines(path: Path, lines: Sequence[dict[str, Any]], *, append: bool = False) -> None:
    """Writes objects, one a line, in the place of the file or after its lines.

    Process 0 alone does. Where the folder cannot be written to, that is said on stderr: the results
    were printed.
    """
    if not processes.is_first():
        return
    text = "".join(json_line(line) + "\n" for line in lines)
    try:
        if append:
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        else:
            replace(path, text)
    except OSError as error:
        print(f"not kept in {path}: {error.strerror}", file=sys.stderr)


def results_writer(task: Task, path: str | None) -> Callable[[Any], None]:
    """Returns what writes a split's results to a path, on process 0; without a path, nothing.

    Raises:
      ValueError: the task has none.
    """
    if path is None:
        return lambda metrics: None
    if not isinstance(task, WritesResults):
        raise ValueError("--detections does not fit this run: its task detects nothing.")
    writes = task.write_results if processes.is_first() else lambda metrics, path: None
    return lambda metrics: writes(metrics, path)
