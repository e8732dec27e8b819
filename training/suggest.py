"""Names that must be one of a few."""

import difflib
from collections.abc import Iterable


def one_of(what: str, name: str, allowed: Iterable[str]) -> None:
    """Refuses a name that is not allowed, with the nearest one that is.

    Raises:
      ValueError: in one line, naming the value and what is allowed.
    """
    names = [str(option) for option in allowed]
    if name not in names:
        raise ValueError(
            f"unknown {what} {name!r}: {hint(name, names)}allowed: {', '.join(names)}."
        )


def hint(name: str, allowed: Iterable[str]) -> str:
    """Asks for the nearest name, with a space after it; nothing where none is near."""
    near = difflib.get_close_matches(str(name), allowed, n=1)
    return f"did you mean {near[0]!r}? " if near else ""
