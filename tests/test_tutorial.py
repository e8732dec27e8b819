"""The tutorial runs from top to bottom, as a reader runs it, and comes out as it says."""

import json

import matplotlib
import pytest

from tests.tiny import ROOT

NOTEBOOK = json.loads((ROOT / "docs/tutorial.ipynb").read_text())
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_it_runs():
    # The cells are plain Python: no kernel is needed, nor Jupyter in the tests' packages.
    space = {}
    matplotlib.use("agg")
    for cell in CODE:
        # A tenth of the steps: that it learns shows in its outputs.
        exec("".join(cell["source"]).replace("steps = 120", "steps = 12"), space)
    matplotlib.pyplot.close("all")
    assert space["steps"] == len(space["losses"]) == 12
    assert [len(accuracies) for accuracies in space["results"].values()] == [3] * 4
    # The mask of the trained network's maps is that of a keep_prob of 0.8, overlaps left out.
    assert 0.1 < space["mask"].dropped < 0.25


def test_its_outputs_are_those_of_a_whole_run():
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    kinds = [output["output_type"] for cell in CODE for output in cell["outputs"]]
    assert kinds and "error" not in kinds
