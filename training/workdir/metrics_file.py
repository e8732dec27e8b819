"""The metrics that a run writes: ``metrics.jsonl``, and the same values for TensorBoard."""

import contextlib
from pathlib import Path
from typing import Any

from runfiles import METRICS, TENSORBOARD, flat, json_line, read_metrics, replace
from training.workdir.event_file import EventFile


class MetricsFile:
    """Appends lines to ``metrics.jsonl``, and the same values as TensorBoard events.

    Raises (everywhere):
      OSError: a file cannot be written.
    """

    def __init__(self, workdir: Path, step: int):
        """Opens for appending after ``step``; lines beyond it (of a lost stretch) are dropped."""
        path = workdir / METRICS
        kept = [line for line in read_metrics(workdir) if line["step"] <= step]
        replace(path, "".join(json_line(line) + "\n" for line in kept))
        self._file = path.open("a")
        self._events = EventFile(workdir / TENSORBOARD, after=step)

    def write(self, step: int, values: dict[str, Any]) -> None:
        """Appends one line; a value is a number or a dict of numbers."""
        self._file.write(json_line({"step": step} | values) + "\n")
        self._file.flush()
        self._events.add(step, flat(values, separator="/"))

    def close(self) -> None:
        with contextlib.closing(self._events), self._file:
            pass
