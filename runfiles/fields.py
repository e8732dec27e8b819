"""Which fields of a config decide what a run computes."""

from collections.abc import Sequence
from typing import Any

from runfiles.nested import flat

#: They change how a run is carried out, and not its numbers.
FREE_FIELDS = (
    "mesh",
    "checkpoint_every",
    "log_every",
    "data.data_dir",
    "data.threads",
    "data.prefetch",
)


def is_within(name: str, fields: Sequence[str]) -> bool:
    """Tells whether a flat name such as ``a.b`` is one of the fields, or lies below one of them."""
    return any(name == field or name.startswith(f"{field}.") for field in fields)


def deciding_fields(config: dict[str, Any]) -> dict[str, Any]:
    """Finds the fields that decide what a run computes, by flat names.

    Of a regulariser that is none, that is its name alone.
    """
    fields = flat(config)
    others = ("regularizer",) if fields.get("regularizer.name") in (None, "none") else ()
    kept = {n: v for n, v in fields.items() if not is_within(n, (*FREE_FIELDS, *others))}
    return kept | {"regularizer.name": "none"} if others else kept
