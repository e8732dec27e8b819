"""The library by itself: built, installed and imported without anything else of the project."""

import re
import subprocess
import sys
import zipfile

import pytest

import dropblock
from dropblock import _alone
from tests.tiny import ROOT


@pytest.mark.slow
def test_the_wheel_holds_the_library_alone(tmp_path):
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*pip, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("dropblock_jax-*.whl")
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"dropblock"}
    program = (
        "import sys, jax, dropblock\n"
        "assert 'flax' not in sys.modules\n"
        "y = dropblock.dropblock(jax.random.key(0), jax.numpy.ones((1, 4, 4, 1)), 0.1, 2)\n"
        "print(dropblock.__file__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        check=True, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(wheel)},
    )  # fmt: skip
    assert str(wheel) in result.stdout


def test_the_versions_agree():
    newest = re.search(r"^## \[(\d\S*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert newest[1] == cited[1] == dropblock.__version__


def test_the_package_of_the_same_import_name_is_refused(tmp_path):
    _alone.check(tmp_path)
    (tmp_path / "dropblock.py").touch()
    with pytest.raises(ImportError, match="pip uninstall --yes dropblock dropblock-jax"):
        _alone.check(tmp_path)
