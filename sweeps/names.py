"""The names of the folders of a grid's runs."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

# Bytes of a folder's name; file systems allow 255, and jobs add endings.
LONGEST = 200


def folder_names(grid: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names each run after the fields that vary, by their last words where these are enough.

    Different runs have different names, unless they change the same fields to the same values.

    Args:
      grid: one dict a run, field -> value.
    """
    fields = list(dict.fromkeys(field for run in grid for field in run))
    varying = [
        field for field in fields if len({repr(run.get(field, fields)) for run in grid}) > 1
    ] or fields
    last = [field.rpartition(".")[2] for field in varying]
    short = {
        field: word if last.count(word) == 1 else field
        for field, word in zip(varying, last, strict=True)
    }
    names = [
        ",".join(f"{short[field]}={_text(run[field])}" for field in run if field in short)
        or "unchanged"
        for run in grid
    ]
    # Values that differ may look alike in a name.
    values = [repr(sorted(run.items())) for run in grid]
    alike: dict[str, set[str]] = {}
    for name, own in zip(names, values, strict=True):
        alike.setdefault(name, set()).add(own)
    return [
        fit(name, own if len(alike[name]) > 1 else "")
        for name, own in zip(names, values, strict=True)
    ]


def fit(name: str, own: str = "") -> str:
    """Cuts off a name that is too long, and puts a hash of the whole of it there.

    Args:
      name: of a folder or file.
      own: a text that keeps the name apart from equal ones; then it always gets a hash.
    """
    if len(name.encode()) <= LONGEST and not own:
        return name
    digest = hashlib.sha256((name + own).encode(errors="backslashreplace")).hexdigest()[:12]
    cut = name.encode()[: LONGEST - len(digest) - 1].decode(errors="ignore")
    return f"{cut}-{digest}"


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(map(_text, value))
    letters = str(value).replace(" ", "")
    return "".join(letter if letter.isprintable() and letter != "/" else "_" for letter in letters)
