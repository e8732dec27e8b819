"""Predictions as lines of text: a JSON object for each image, or a table."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runfiles import json_line
from tasks import Predicts

#: Gives the lines of one image, without the last one's end.
Lines = Callable[[Mapping[str, str], Sequence[Mapping[str, Any]]], str]


def json_lines(task: Predicts) -> Lines:
    """(the image's files by kind, what is found in it) -> one line."""
    return lambda files, found: json_line({**files, task.found: list(found)})


def csv_rows(task: Predicts) -> Lines:
    """The same -> a row for everything that is found; one where nothing is, with the files alone.

    The first image's rows stand under the names of the columns.
    """
    names = list(task.columns)
    begun = False

    def lines(files: Mapping[str, str], found: Sequence[Mapping[str, Any]]) -> str:
        nonlocal begun
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not begun:
            writer.writerow([*files, *names])
            begun = True
        for one in found:
            writer.writerow([*files.values(), *_spread(one.values())])
        if not found:
            writer.writerow([*files.values(), *[""] * len(names)])
        return text.getvalue().removesuffix("\n")

    return lines


FORMATS = {"json": json_lines, "csv": csv_rows}


def _spread(values: Any) -> list[Any]:
    """The values, and those of lists among them, in a row."""
    return [one for value in values for one in (value if isinstance(value, list) else [value])]
