"""The metrics that a run writes: ``metrics.jsonl``, and the same values for TensorBoard."""

import contextlib
import math
from pathlib import Path
from typing import Any

from runfiles import (
    METRICS,
    TENSORBOARD,
    deciding_fields,
    flat,
    json_line,
    read_metrics,
    read_record,
    replace,
)
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
        # Written again from those lines: what a killed run had not flushed would be missing.
        self._events = EventFile(workdir / TENSORBOARD)
        record = read_record(workdir)
        self._metric = record.best_metric if record else None
        self._best = -math.inf
        if record:
            self._events.describe(deciding_fields(record.config))
        for line in kept:
            self._add_event(line)

    def write(self, step: int, values: dict[str, Any]) -> None:
        """Appends one line; a value is a number or a dict of numbers."""
        self._file.write(json_line({"step": step} | values) + "\n")
        self._file.flush()
        self._add_event({"step": step} | values)

    def _add_event(self, line: dict[str, Any]) -> None:
        values = flat({n: v for n, v in line.items() if n != "step"}, separator="/")
        value = values.get(f"eval/{self._metric}", -math.inf)
        if value > self._best:
            # The tab HParams shows the last value of each.
            self._best = values[f"best/{self._metric}"] = value
        self._events.add(line["step"], values)

    def close(self) -> None:
        with contextlib.closing(self._events), self._file:
            pass
