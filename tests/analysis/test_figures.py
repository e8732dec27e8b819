"""The figures' tables from run folders; that there is a picture; and what they refuse."""

import csv
import json

import numpy as np
import pytest

from analysis.figure3 import figure3
from analysis.figure4 import figure4
from analysis.figure5 import figure5
from analysis.figure6 import covered, figure6
from tests.analysis.runs import write_run

DROPBLOCK = {"regularizer__name": "dropblock"}


def read(folder, name):
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    with (folder / f"{name}.csv").open() as file:
        header, *rows = csv.reader(file)
    return header, rows


def test_figure3_has_a_line_for_each_way_and_a_point_for_each_keep_prob(tmp_path):
    for seed, accuracies in enumerate([[0.5, 0.7], [0.9, 0.1]]):
        write_run(tmp_path / f"a{seed}", accuracies, regularizer__keep_prob=0.8, **DROPBLOCK)
    write_run(tmp_path / "b", [0.6], regularizer__keep_prob=0.5, **DROPBLOCK)
    plain = {"regularizer__schedule": "constant", "regularizer__on_skip": False}
    write_run(tmp_path / "c", [0.4], **plain, **DROPBLOCK)
    write_run(tmp_path / "d", [0.3], regularizer__name="dropout")
    write_run(tmp_path / "e", [0.2])
    write_run(tmp_path / "f", [1.0], label_smoothing=0.1, **DROPBLOCK)
    text = figure3(tmp_path)
    assert text.splitlines() == [str(tmp_path / "figure3.png"), str(tmp_path / "figure3.csv")]
    header, rows = read(tmp_path, "figure3")
    assert header[1:] == ["line", "keep_prob", "runs", "accuracy_mean", "accuracy_deviation"]
    assert [row[1:] for row in rows] == [
        ["DropBlock + skip + schedule", "0.5", "1", "60.00", "0.00"],
        ["DropBlock + skip + schedule", "0.8", "2", "80.00", "14.14"],
        ["DropBlock", "0.9", "1", "40.00", "0.00"],
        ["dropout", "0.9", "1", "30.00", "0.00"],
    ]


def test_figure4_has_a_panel_for_each_set_of_groups(tmp_path):
    write_run(tmp_path / "a", [0.5], regularizer__block_size=1, **DROPBLOCK)
    write_run(tmp_path / "b", [0.6], regularizer__block_size=5, **DROPBLOCK)
    alone = {"regularizer__groups": (4,), "regularizer__on_skip": False}
    write_run(tmp_path / "c", [0.7], regularizer__schedule="constant", **alone, **DROPBLOCK)
    write_run(tmp_path / "baseline", [0.9])
    figure4(tmp_path)
    _, rows = read(tmp_path, "figure4")
    assert [row[:3] for row in rows] == [
        ["group 4", "convolutions", "3"],
        ["groups 3 and 4", "+ skip + schedule", "1"],
        ["groups 3 and 4", "+ skip + schedule", "5"],
    ]


def test_figure5_is_of_what_eval_wrote(tmp_path):
    for name, changes in (("none", {}), ("block", DROPBLOCK)):
        write_run(tmp_path / name, [0.9], **changes)
        lines = [
            {"step": 1, "block_size": size, "keep_prob": keep_prob, "eval/accuracy": keep_prob}
            for size in (1, 3)
            for keep_prob in (1.0, 0.5)
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / name / "inference.jsonl").write_text(text)
    figure5(tmp_path)
    _, rows = read(tmp_path, "figure5")
    assert len(rows) == 2 * 2 * 2
    assert [
        "block_size 3 at inference",
        "trained with block_size 3",
        "0.5",
        "1",
        "50.00",
        "0.00",
    ] in rows


def test_figure6_counts_the_covered_share(tmp_path):
    activation = np.zeros((2, 4, 4), np.float32)
    activation[:, 0] = 1.0
    activation[1, 1] = 0.6
    assert covered(activation) == pytest.approx((4 + 8) / 32)
    write_run(tmp_path / "a", [0.9], **DROPBLOCK)
    labels = np.array([1, 2], np.int32)
    np.savez(
        tmp_path / "a" / "class_activation.npz",
        image=np.zeros((2, 8, 8, 1), np.uint8), activation=activation,
        label=labels, prediction=labels[::-1], class_names=np.array(["0", "1", "2"]),
    )  # fmt: skip
    figure6(tmp_path)
    _, rows = read(tmp_path, "figure6")
    assert rows == [["trained with block_size 3", "1", "0.375"]]


@pytest.mark.parametrize("figure", [figure5, figure6])
def test_without_the_files_it_says_what_writes_them(tmp_path, figure):
    write_run(tmp_path / "a", [0.9])
    with pytest.raises(FileNotFoundError, match=r"eval\.py --(inference_keep_prob|cam)="):
        figure(tmp_path)
