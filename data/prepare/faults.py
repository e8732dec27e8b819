"""What is wrong with a source, in lines that can be printed, whatever bytes are in its names."""

import os
from collections.abc import Sequence

SHOWN = 20


class Faults(ValueError):
    """Many faults in one refusal: a title, and up to twenty of them, one a line."""

    def __init__(self, title: str, faults: Sequence[str]):
        rest = [f"... and {len(faults) - SHOWN:,} more"] if len(faults) > SHOWN else []
        super().__init__("\n  ".join(map(one_line, [title, *faults[:SHOWN], *rest])))


def refuse(faults: Sequence[str]) -> None:
    """Raises ValueError with all faults, up to twenty, if there are any."""
    if len(faults) == 1:
        raise ValueError(faults[0])
    if faults:
        raise Faults(f"{len(faults):,} faults, nothing is written:", faults)


def one_line(text: object) -> str:
    """A text with names of files in it as one line: line breaks and such are written as escapes."""
    characters = os.fsencode(str(text)).decode(errors="replace")
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in characters
    )
