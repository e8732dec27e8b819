"""Output that is closed, or whose reader goes away, stops no run."""

import subprocess
import sys

import pytest

from runfiles import is_complete, read_metrics
from tests import tiny


@pytest.mark.slow
@pytest.mark.parametrize(
    "redirection", ["2>&-", ">&- 2>&-", "2>&1 >/dev/null | head -c 200 >/dev/null"]
)
def test_a_run_goes_through_without_its_output(tmp_path, redirection):
    command = [sys.executable, str(tiny.ROOT / "train.py"), *tiny.arguments(tmp_path / "run")]
    shell = f"exec {' '.join(map(repr, command))} {redirection}"
    subprocess.run(["bash", "-c", shell], timeout=tiny.PATIENCE)
    assert is_complete(tmp_path / "run")
    assert read_metrics(tmp_path / "run")[-1]["step"] == 6
    assert (tmp_path / "run/figures/curves.png").exists()
