"""A check that a known data set is all there."""

from collections.abc import Mapping
from pathlib import Path


def check_counts(source: Path, found: Mapping[str, int], expected: Mapping[str, int]) -> None:
    """Refuses other numbers of examples than were published.

    Raises:
      ValueError: one line with all numbers.
    """
    if dict(found) != dict(expected):
        raise ValueError(
            f"{source} does not hold all of the data set: expected {_listed(expected)} images, "
            f"found {_listed(found)}"
        )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {split}" for split, count in counts.items())
