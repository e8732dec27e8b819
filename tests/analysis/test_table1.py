"""Table 1 from run folders."""

import csv

import pytest

from analysis.figures.table1 import table1
from tests.analysis.runs import DROPBLOCK, write_run


def read(folder):
    with (folder / "table1.csv").open() as file:
        header, *rows = csv.reader(file)
    return header, rows


def test_best_and_last_over_seeds(tmp_path):
    write_run(tmp_path / "b" / "seed0", [0.5, 0.7, 0.6])
    write_run(tmp_path / "b" / "seed1", [0.5, 0.6, 0.6], seed=1)
    write_run(tmp_path / "d", [0.1, 0.2, 0.75], **DROPBLOCK)
    write_run(tmp_path / "c", [0.1, 0.1, 0.1], regularizer__name="dropout", data__cutout=2)
    text = table1(tmp_path)
    header, rows = read(tmp_path)
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
            folder = tmp_path / "a" / f"{keep_prob}{seed}"
            changes = {"regularizer__keep_prob": keep_prob, "seed": seed}
            write_run(folder, [accuracy, 0.1], **DROPBLOCK, **changes)
    write_run(tmp_path / "b" / "baseline", [0.9, 0.9])
    *_, baseline, dropblock = table1(tmp_path / "a", tmp_path / "b").splitlines()
    assert baseline.startswith("| baseline |  | 1 | 90.00 |")
    assert dropblock.startswith("| dropblock | 0.8 | 2 | 50.00 ± 0.00 | 10.00 ± 0.00 |")
    assert [row[:3] for row in read(tmp_path / "a")[1]] == [
        ["baseline", "", "1"],
        *(["dropblock", keep_prob, "2"] for keep_prob in ("0.7", "0.8", "0.9")),
    ]


def test_what_is_not_the_same_but_for_the_seed_is_not_averaged(tmp_path):
    write_run(tmp_path / "a", [0.9])
    write_run(tmp_path / "b", [0.2], data__name="cifar10")
    write_run(tmp_path / "c", [0.8], **DROPBLOCK)
    write_run(tmp_path / "d", [0.6], regularizer__block_size=5, **DROPBLOCK)
    table1(tmp_path)
    assert [(row[0], row[2], row[3]) for row in read(tmp_path)[1]] == [
        ("baseline, data.name=digits", "1", "90.00"),
        ("baseline, data.name=cifar10", "1", "20.00"),
        ("dropblock, block_size=3, data.name=digits", "1", "80.00"),
        ("dropblock, block_size=5, data.name=digits", "1", "60.00"),
    ]


def test_a_metric_that_is_missing_leaves_a_cell_empty(tmp_path):
    path = write_run(tmp_path / "a", [0.9]) / "metrics.jsonl"
    path.write_text('{"step": 1, "eval/accuracy": 0.9}\n')
    table1(tmp_path)
    assert read(tmp_path)[1][0][3:7] == ["90.00", "90.00", "", ""]


def test_a_run_that_came_to_nan_is_shown(tmp_path):
    nan = float("nan")
    write_run(tmp_path / "a", [0.5, nan])
    write_run(tmp_path / "b", [nan, nan], seed=1)
    for keep_prob, accuracy in ((0.7, nan), (0.8, 0.4)):
        name, changes = str(keep_prob), {"regularizer__keep_prob": keep_prob}
        write_run(tmp_path / name, [0.3, accuracy], **DROPBLOCK, **changes)
    *_, baseline, dropblock = table1(tmp_path).splitlines()
    assert baseline.startswith("| baseline |  | 2 | nan ± nan | nan ± nan |")
    assert dropblock.startswith("| dropblock | 0.8 | 1 | 40.00 | 40.00 |")


def test_runs_without_an_accuracy_are_refused(tmp_path):
    write_run(tmp_path / "a", [0.9], metric="mean_iou")
    with pytest.raises(ValueError, match="eval/accuracy"):
        table1(tmp_path)
