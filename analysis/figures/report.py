"""All runs of a folder as one page that needs nothing but itself."""

from pathlib import Path

from analysis.page import Page
from analysis.runs import all_runs
from runfiles import replace


def report(folder: Path, *others: Path) -> str:
    """Writes ``report.html`` into ``folder`` and returns its path.

    The page has a table of all runs, finished or not, with the fields in which they differ; why
    runs failed; the best value against each field; the pictures that lie in the folder, such as
    ``figure3.png``; and every run's curves. It is one file, to be opened or sent as it is.

    Raises:
      FileNotFoundError: a folder does not exist or holds no run.
    """
    path = folder / "report.html"
    replace(path, Page(folder, all_runs(folder, *others)).render())
    return str(path)
