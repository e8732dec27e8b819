"""Files of one JSON object a line.

JSON has no NaN and no infinity. Both are written as ``null``, and ``null`` is read as NaN, so that
a value that was measured and is no number stays apart from one that was never measured.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any


def json_line(values: dict[str, Any]) -> str:
    """Renders one object as strict JSON on one line, without the line's end.

    Values are what JSON knows; numbers that are not finite become ``null``.
    """
    return json.dumps(_map(values, _null_if_not_finite), allow_nan=False)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Reads the objects of a file in its order; an absent file has none.

    A line that is no JSON object is passed over and the others are kept, for each line stands for
    itself: the last line may be cut short by a crash, or may be half written by a run at work.
    The tokens ``NaN`` and ``Infinity`` of older files are read.
    """
    try:
        # Not splitlines, which also splits within strings; what a crash left need not be UTF-8.
        texts = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []
    lines = []
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            lines.append(_map(line, _nan_if_null))
    return lines


def _map(value: Any, change: Callable[[Any], Any]) -> Any:
    """Changes every leaf of nested dicts and lists."""
    if isinstance(value, dict):
        return {name: _map(item, change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_map(item, change) for item in value]
    return change(value)


def _null_if_not_finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _nan_if_null(value: Any) -> Any:
    return math.nan if value is None else value
