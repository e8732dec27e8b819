"""Table 1 from run folders."""

import csv
import json
import subprocess
import sys

import pytest

from analysis.rows import row_of
from analysis.table1 import table1
from tests import tiny
from tests.analysis.runs import write_run


def test_best_and_last_over_seeds(tmp_path):
    write_run(tmp_path / "b" / "seed0", [0.5, 0.7, 0.6])
    write_run(tmp_path / "b" / "seed1", [0.5, 0.6, 0.6])
    write_run(tmp_path / "d", [0.75], regularizer__name="dropblock")
    write_run(tmp_path / "c", [0.1], regularizer__name="dropout", data__cutout=2)
    text = table1(tmp_path)
    with (tmp_path / "table1.csv").open() as file:
        header, *rows = csv.reader(file)
    assert [row[0] for row in rows] == ["baseline", "dropblock", "dropout + cutout"]
    assert rows[0][1:6] == ["", "2", "65.00 ± 7.07", "60.00 ± 0.00", "90.00 ± 0.00"]
    assert rows[1][:4] == ["dropblock", "0.9", "1", "75.00"]
    assert rows[1][-2:] == ["78.13 ± 0.05", "94.02 ± 0.02"]
    assert rows[2][-2:] == ["", ""]
    assert len(text.splitlines()) == 2 + len(rows)
    assert f"| {' | '.join(header)} |" in text


def test_of_several_keep_probs_the_best_is_shown_and_all_are_kept(tmp_path):
    for keep_prob, accuracies in {0.7: [0.6, 0.2], 0.8: [0.5, 0.5], 0.9: [0.3, 0.3]}.items():
        for seed, accuracy in enumerate(accuracies):
            changes = {"regularizer__name": "dropblock", "regularizer__keep_prob": keep_prob}
            write_run(tmp_path / "a" / f"{keep_prob}{seed}", [accuracy, 0.1], **changes)
    write_run(tmp_path / "b" / "baseline", [0.9])
    *_, baseline, dropblock = table1(tmp_path / "a", tmp_path / "b").splitlines()
    assert baseline.startswith("| baseline |  | 1 | 90.00 |")
    assert dropblock.startswith("| dropblock | 0.8 | 2 | 50.00 ± 0.00 | 10.00 ± 0.00 |")
    with (tmp_path / "a" / "table1.csv").open() as file:
        assert [row[:3] for row in list(csv.reader(file))[1:]] == [
            ["baseline", "", "1"],
            *(["dropblock", keep_prob, "2"] for keep_prob in ("0.7", "0.8", "0.9")),
        ]


@pytest.mark.parametrize(
    ("variant", "row"),
    [
        (name, name)
        for name in ("baseline", "dropout", "drop_path", "spatial_dropout", "cutout",
                     "autoaugment", "label_smoothing", "dropblock")
    ]
    + [("dropblock_label_smoothing", "dropblock + label_smoothing")],
)  # fmt: skip
def test_every_variant_is_its_row(variant, row):
    assert row_of(json.loads(tiny.config(variant).to_json())) == row


def test_a_folder_without_runs_is_refused(tmp_path):
    arguments = [sys.executable, "-m", "analysis", "table1", str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=tiny.ROOT)
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path} holds no run: no config.json with a metrics.jsonl.\n"
