"""Tables and figures from run folders.

python -m analysis table1 DIR
"""

import sys
from pathlib import Path

from analysis.table1 import table1

FIGURES = {"table1": table1}


def main(arguments: list[str]) -> None:
    if len(arguments) != 2 or arguments[0] not in FIGURES:
        sys.exit(f"usage: python -m analysis {{{','.join(FIGURES)}}} DIR")
    name, folder = arguments
    try:
        print(FIGURES[name](Path(folder)))
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
