"""The summary of what was written."""

import os
from collections.abc import Iterator, Mapping, Sequence

from data.classes import names_of_classes
from data.prepare.contents import Contents, Key
from data.prepare.tally import Tally, duplicates

SHOWN = 10


def report(contents: Contents, tallies: Mapping[str, Tally]) -> str:
    """Says, in lines, how many examples there are, and what was left out and why."""
    return "\n".join(_lines(contents, tallies))


def printable(key: Key) -> str:
    """A file name as it can be printed, whatever bytes are in it."""
    return os.fsencode(str(key)).decode(errors="replace")


def _lines(contents: Contents, tallies: Mapping[str, Tally]) -> Iterator[str]:
    names = names_of_classes(contents.features, contents.metadata)
    for split, tally in tallies.items():
        line = f"{split:<12}{tally.examples:,} images"
        if boxes := "objects" in contents.features:
            line += f", {tally.labels.total():,} boxes"
        if tally.labels:
            ordered = tally.labels.most_common()
            most, least = (
                f"{names[label]} ({count:,})" for label, count in (ordered[0], ordered[-1])
            )
            line += f", from {least} to {most}"
        yield line
        absent = [name for label, name in enumerate(names) if not tally.labels[label]]
        if absent and (boxes or "label" in contents.features):
            yield from _some(f"{'':<12}classes without an example:", absent)
        broken = [f"{key}: {reason}" for key, reason in tally.left_out.items()]
        yield from _some(f"{'':<12}broken, left out:", broken, all_of_them=True)
    yield from _some(f"{'classes':<12}{len(names)}:", names)
    yield from _some(f"{'not used':<12}files:", contents.aside)
    same = duplicates(tallies, contents.nested)
    yield from _some(f"{'warning':<12}images that two splits share:", same)


def _some(title: str, items: Sequence[str], *, all_of_them: bool = False) -> Iterator[str]:
    if items:
        shown = items if all_of_them else items[:SHOWN]
        rest = [f"... and {len(items) - len(shown):,} more"] if len(items) > len(shown) else []
        yield f"{title} {', '.join(map(printable, [*shown, *rest]))}"
