"""The examples of the API reference run as written, and every public name has one."""

import doctest
import importlib
from pathlib import Path

import pytest

import dropblock

ROOT = Path(__file__).parents[2]
LAYERS = ["dropblock.nnx", "dropblock.linen"]
NAMES = [name for name in dropblock.__all__ if name[0].islower()]


def examples(value, name):
    (found,) = doctest.DocTestFinder(recurse=False).find(value, name)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_function(name):
    check(examples(getattr(dropblock, name), name))


@pytest.mark.parametrize("module", LAYERS)
def test_layer(module):
    check(examples(importlib.import_module(module).DropBlock, module))


def check(test):
    assert test.examples
    # Each stands alone: nothing of its module is at hand.
    test.globs = {}
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_reference_has_every_public_name():
    page = (ROOT / "docs/api.md").read_text()
    for name in [*(f"dropblock.{name}" for name in dropblock.__all__), *LAYERS]:
        assert f"::: {name}" in page, name
