"""Which fields of a config decide what a run computes."""

from collections.abc import Sequence

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
