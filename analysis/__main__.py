"""Tables and figures from run folders.

python -m analysis {table1,figure3,figure4,figure5,figure6} DIR [DIR ...]

Of all runs in the folders; what is drawn lies in the first.
"""

import sys
from pathlib import Path

from analysis.figure3 import figure3
from analysis.figure4 import figure4
from analysis.figure5 import figure5
from analysis.figure6 import figure6
from analysis.table1 import table1

FIGURES = {
    "table1": table1,
    "figure3": figure3,
    "figure4": figure4,
    "figure5": figure5,
    "figure6": figure6,
}


def main(arguments: list[str]) -> None:
    if len(arguments) < 2 or arguments[0] not in FIGURES:
        sys.exit(f"usage: python -m analysis {{{','.join(FIGURES)}}} DIR [DIR ...]")
    name, *folders = arguments
    try:
        print(FIGURES[name](*map(Path, folders)))
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
