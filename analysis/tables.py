"""Tables as CSV files, and means over runs as text."""

import csv
import io
import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from runfiles import replace


def write_csv(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    """Writes rows, whole or not at all; folders above the file are made. Returns its path."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    replace(path, text.getvalue())
    return path


def mean(values: Sequence[float]) -> float:
    """The mean of one or more values; NaN if one of them is."""
    return statistics.mean(values)


def deviation(values: Sequence[float]) -> float:
    """The sample standard deviation; 0 of a single value, NaN if a value is NaN."""
    if any(map(math.isnan, values)):
        return math.nan
    return statistics.stdev(values) if len(values) > 1 else 0.0
