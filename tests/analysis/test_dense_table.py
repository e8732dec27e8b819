"""Table 5 from run folders."""

import csv

import pytest

from analysis.figures.table5 import table5
from runfiles import json_line
from tests.analysis.runs import write_run


def write(folder, value, train=None, **changes):
    fields = {"data__eval_split": "test", "regularizer__branches": True, **changes}
    write_run(folder, [0.1, value], metric="mean_iou", **fields)
    if train is not None:
        lines = [
            {"step": 2, "eval/mean_iou": 0.01, "changes": {"data.eval_split": "train"}},
            {"step": 2, "eval/mean_iou": train, "changes": {"data.eval_split": "train"}},
            {"step": 2, "eval/mean_iou": 0.02, "changes": {"data.eval_size": "(8, 8)"}},
        ]
        text = "".join(json_line(line) + "\n" for line in lines)
        (folder / "evaluations.jsonl").write_text(text)


def test_gains_are_paired_by_seed_and_other_splits_stand_beside(tmp_path):
    block = {"regularizer__name": "dropblock", "regularizer__block_size": 8}
    for seed, (without, with_it) in enumerate([(0.3, 0.35), (0.4, 0.43)]):
        write(tmp_path / f"none{seed}", without, train=0.8, seed=seed)
        write(tmp_path / f"block{seed}", with_it, train=0.6 + seed / 10, seed=seed, **block)
    write(tmp_path / "alone", 0.2, seed=5, **block | {"regularizer__block_size": 1})
    write(tmp_path / "other", 0.5, **block | {"regularizer__branches": False})
    text = table5(tmp_path)
    with (tmp_path / "table5.csv").open() as file:
        header, *rows = csv.reader(file)
    assert header[4:8] == [
        "mean IoU", "pixel accuracy", "gain in mean IoU", "mean IoU, train"
    ]  # fmt: skip
    assert [[*row[:5], row[6], row[7]] for row in rows] == [
        ["none", "", "", "2", "35.00 ± 7.07", "", "80.00 ± 0.00"],
        ["backbone", "0.9", "8", "1", "50.00", "+20.00", ""],
        ["branches", "0.9", "1", "1", "20.00", "", ""],
        ["branches", "0.9", "8", "2", "39.00 ± 5.66", "+4.00 ± 1.41", "65.00 ± 7.07"],
    ]
    assert len(text.splitlines()) == 2 + len(rows)
    assert (tmp_path / "table5.png").read_bytes().startswith(b"\x89PNG")


def test_of_classification_there_is_none(tmp_path):
    write_run(tmp_path / "a", [0.1, 0.2])
    with pytest.raises(ValueError, match=r"no run in .* has eval/mean_iou"):
        table5(tmp_path)
