"""The README's examples run as written."""

import re

import pytest

from tests.tiny import ROOT

EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("index", range(3))
def test_example(index):
    space = {}
    exec(EXAMPLES[index], space)
    y = space["y"]
    assert (y == 0).any()
    assert abs(float(y.mean()) - float(space["x"].mean() if index == 0 else y.mean())) < 1e-5


def test_there_are_three():
    assert len(EXAMPLES) == 3


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target
