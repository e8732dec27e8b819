"""Lines that eval.py leaves in a run's folder."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runfiles import json_line, replace
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
