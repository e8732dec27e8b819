"""Config files with a grid, of the tests' small digits config."""

from pathlib import Path

from sweeps.plan import plan
from tests.tiny import ROOT
from training.config import parse

FILE = """\
import sys
sys.path.insert(0, {root!r})
import numpy as np
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


def plan_of(folder: Path, grid: str, *typed: str, **changes: object):
    """Plans the expression's grid in ``folder/sweep``, as the command line asks for it."""
    location = write_grid(folder / "grid.py", grid, **changes)
    return plan_at(location, folder / "sweep", *typed)


def plan_at(location: str, folder: Path, *typed: str):
    arguments = parse(["sweep.py", f"--config={location}", f"--workdir={folder}", *typed])
    return plan(arguments, folder)
