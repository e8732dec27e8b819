"""Makes a table or a figure of all runs in the folders; its files are written into the first.

python -m analysis NAME DIR [DIR ...]
"""

import sys
from pathlib import Path

import registry

FIGURES = "analysis.figures"


def main(arguments: list[str]) -> int:
    """Prints what the table or figure returns; a refusal is one line and exit status 2."""
    if len(arguments) < 2:
        names = ",".join(registry.names(FIGURES))
        print(f"usage: python -m analysis {{{names}}} DIR [DIR ...]", file=sys.stderr)
        return 2
    name, *folders = arguments
    try:
        print(registry.find(FIGURES, name, "table or figure")(*map(Path, folders)))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
