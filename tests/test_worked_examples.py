"""The worked examples of docs/structure.md: each is one new file, and they train together."""

import re
import shutil
import subprocess
import sys

import pytest

from runfiles import read_metrics, read_record
from tests import tiny

PAGE = (tiny.ROOT / "docs/structure.md").read_text()
#: path -> text, of the examples on the page
EXAMPLES = {
    heading[1]: block[1]
    for section in PAGE.split("\n### ")[1:]
    if (heading := re.search(r"`(\S+\.py)`", section))
    and (block := re.search(r"```python\n(.*?)```", section, re.DOTALL))
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with the examples in it."""
    folder = tmp_path_factory.mktemp("project")
    ignored = shutil.ignore_patterns("__pycache__", ".*", "tests", "docs", "runs", "benchmarks")
    shutil.copytree(tiny.ROOT, folder, ignore=ignored, dirs_exist_ok=True)
    for path, text in EXAMPLES.items():
        assert not (folder / path).exists(), path
        (folder / path).write_text(text)
    return folder


def run(project, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project, capture_output=True, text=True,
        timeout=tiny.PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_an_example_of_each_part():
    assert {path.rpartition("/")[0] for path in EXAMPLES} >= {
        *("models", "regularizers", "tasks", "data/sets", "training/recipe/optimizers"),
        *("analysis/figures", "configs"),
    }


def test_a_run_of_nothing_but_new_parts(project):
    out = run(project, "train.py", "--config=configs/worked_examples.py", "--workdir=run")
    assert "within_one" in out and "figures/curves.png" in out
    workdir = project / "run"
    record, lines = read_record(workdir), read_metrics(workdir)
    assert record.best_metric == "within_one"
    assert record.config["regularizer"]["all_channels"] is False
    assert record.config["model"]["width"] == 4
    assert lines[-1]["step"] == 6 and "eval/within_one" in lines[-1]
    dropped = [line["train/dropped"] for line in lines if "train/dropped" in line]
    assert dropped[-1].keys() == {"3", "4"} and dropped[-1]["4"] > 0

    out = run(project, "-m", "analysis", "learning_rates", "run")
    assert (project / out.strip()).stat().st_size > 5000
