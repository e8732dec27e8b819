"""Config files with a grid, of the tests' small digits config."""

from pathlib import Path

from tests.tiny import ROOT

FILE = """\
import sys
sys.path.insert(0, {root!r})
from tests import tiny

def get_config(variant="dropblock"):
    return tiny.config(variant, **{changes!r}).unlock()

def get_hyper(hyper):
    return {grid}
"""


def write_grid(path: Path, grid: str, **changes: object) -> str:
    """Writes a config file whose ``get_hyper`` returns the expression; returns its path."""
    path.write_text(FILE.format(root=str(ROOT), changes=changes, grid=grid))
    return str(path)
