"""libtpu, which is installed to compile for TPUs, where there are none."""

import importlib.util
import os
import subprocess
import sys
import types

import pytest

from tests import tiny
from training.devices import platforms

PROGRAM = """
import jax
from training.devices import ignore_absent_tpus
ignore_absent_tpus()
print(jax.devices()[0].platform)
"""


@pytest.fixture
def library(monkeypatch):
    """libtpu as JAX has imported it."""
    module = types.ModuleType("libtpu")
    module.get_library_path = lambda: "/own/libtpu.so"
    monkeypatch.setitem(sys.modules, "libtpu", module)
    monkeypatch.setenv("TPU_LIBRARY_PATH", "/own/libtpu.so")
    monkeypatch.setattr(platforms, "has_tpu", lambda: False)
    for name in platforms.CHOICES:
        monkeypatch.delenv(name, raising=False)
    return module


def test_it_is_hidden_where_there_are_no_tpus(library):
    platforms.ignore_absent_tpus()
    assert sys.modules["libtpu"] is None
    assert "TPU_LIBRARY_PATH" not in os.environ


@pytest.mark.parametrize("choice", [*platforms.CHOICES, "TPU_LIBRARY_PATH"])
def test_what_a_user_has_set_stays(library, monkeypatch, choice):
    monkeypatch.setenv(choice, "/other/libtpu.so")
    platforms.ignore_absent_tpus()
    assert sys.modules["libtpu"] is library
    assert "TPU_LIBRARY_PATH" in os.environ


def test_it_stays_where_there_are_tpus(library, monkeypatch):
    monkeypatch.setattr(platforms, "has_tpu", lambda: True)
    platforms.ignore_absent_tpus()
    assert sys.modules["libtpu"] is library


@pytest.mark.skipif(importlib.util.find_spec("libtpu") is None, reason="needs libtpu")
@pytest.mark.skipif(platforms.has_tpu(), reason="is about machines without TPUs")
def test_a_process_is_quiet():
    environment = {name: own for name, own in os.environ.items() if name != "JAX_PLATFORMS"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tiny.ROOT,
        timeout=tiny.PATIENCE,
    )
    assert done.returncode == 0 and done.stdout.strip() in ("cpu", "gpu"), done.stderr
    assert done.stderr == ""
