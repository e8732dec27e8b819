"""The summary of what was written."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from data.classes import names_of_classes
from data.prepare.contents import Contents
from data.prepare.faults import one_line
from data.prepare.tally import Tally, duplicates

SHOWN = 10


def report(contents: Contents, tallies: Mapping[str, Tally]) -> str:
    """Says, in lines, how many examples there are, and what was left out and why."""
    return "\n".join(_lines(contents, tallies))


def _lines(contents: Contents, tallies: Mapping[str, Tally]) -> Iterator[str]:
    names = names_of_classes(contents.features, contents.metadata)
    for split, tally in tallies.items():
        line = f"{split:<12}{tally.examples:,} images"
        if "objects" in contents.features:
            line += f", {tally.labels.total():,} boxes"
        counts = Counter({name: tally.labels[label] for label, name in enumerate(names)})
        present = [f"{name} ({count:,})" for name, count in counts.most_common() if count]
        if present:
            line += f", from {present[-1]} to {present[0]}"
        yield line
        yield from _some(
            f"{'':<12}classes without an example:", [name for name in names if not counts[name]]
        )
        if tally.left_out:
            yield f"{'':<12}left out, because broken: {len(tally.left_out):,}"
        for key, reason in tally.left_out.items():
            yield f"{'':<12}  {one_line(key)}: {one_line(reason)}"
    yield from _some(f"{'classes':<12}{len(names)}:", names)
    yield from _some(f"{'not used':<12}files:", contents.aside)
    same = duplicates(tallies, contents.nested)
    yield from _some(f"{'warning':<12}images that two splits share:", same)


def _some(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        rest = [f"... and {len(items) - SHOWN:,} more"] if len(items) > SHOWN else []
        yield f"{title} {', '.join(map(one_line, [*items[:SHOWN], *rest]))}"
