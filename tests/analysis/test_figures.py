"""The figures' tables from run folders; that there is a picture; and what they refuse."""

import csv

import numpy as np
import pytest

from analysis.figures.figure3 import figure3
from analysis.figures.figure4 import figure4
from analysis.figures.figure5 import figure5
from analysis.figures.figure6 import covered, figure6
from analysis.measure import measure_of
from analysis.runs import find_runs
from runfiles import json_line
from tests.analysis.runs import CURVES, DROPBLOCK, write_maps, write_run

PLAIN = {"regularizer__schedule": "constant", "regularizer__on_skip": False}


def read(folder, name):
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    with (folder / f"{name}.csv").open() as file:
        header, *rows = csv.reader(file)
    return header, rows


def write_inference(folder, metric="accuracy"):
    lines = [
        {"step": 1, "block_size": size, "keep_prob": keep_prob, f"eval/{metric}": keep_prob}
        for size in (1, 3)
        for keep_prob in (1.0, 0.5)
    ]
    (folder / "inference.jsonl").write_text("".join(json_line(line) + "\n" for line in lines))


def test_figure3_has_a_line_for_each_way_and_a_point_for_each_keep_prob(tmp_path):
    for seed, accuracies in enumerate([[0.5, 0.7], [0.9, 0.1]]):
        changes = {"regularizer__keep_prob": 0.8, "seed": seed}
        write_run(tmp_path / f"a{seed}", accuracies, **changes, **DROPBLOCK)
    write_run(tmp_path / "b", [0.6, 0.6], regularizer__keep_prob=0.5, **DROPBLOCK)
    write_run(tmp_path / "c", [0.4, 0.4], **PLAIN, **DROPBLOCK)
    write_run(tmp_path / "d", [0.3, 0.3], regularizer__name="dropout")
    write_run(tmp_path / "e", [0.2, 0.2])
    write_run(tmp_path / "f", [1.0, 1.0], task__label_smoothing=0.1, **DROPBLOCK)
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


def test_figure3_averages_over_seeds_alone(tmp_path):
    write_run(tmp_path / "a", [0.5], **DROPBLOCK)
    write_run(tmp_path / "b", [0.9], regularizer__block_size=7, **DROPBLOCK)
    write_run(tmp_path / "c", [0.2])
    write_run(tmp_path / "d", [0.1], model__depth=34)
    figure3(tmp_path)
    line = "DropBlock + skip + schedule, block_size"
    assert [row[1:] for row in read(tmp_path, "figure3")[1]] == [
        [f"{line}=3, model.depth=18", "0.9", "1", "50.00", "0.00"],
        [f"{line}=7, model.depth=18", "0.9", "1", "90.00", "0.00"],
    ]


def test_figure4_has_a_panel_for_each_set_of_groups(tmp_path):
    write_run(tmp_path / "a", [0.5], regularizer__block_size=1, **DROPBLOCK)
    write_run(tmp_path / "b", [0.6], regularizer__block_size=5, **DROPBLOCK)
    write_run(tmp_path / "c", [0.7], regularizer__groups=[4], **PLAIN, **DROPBLOCK)
    write_run(tmp_path / "baseline", [0.9])
    figure4(tmp_path)
    _, rows = read(tmp_path, "figure4")
    assert [row[:3] for row in rows] == [
        ["group 4", "convolutions", "3"],
        ["groups 3 and 4", "+ skip + schedule", "1"],
        ["groups 3 and 4", "+ skip + schedule", "5"],
    ]


def test_figure4_averages_over_seeds_alone(tmp_path):
    for name, keep_prob in (("a", 0.8), ("b", 0.9)):
        changes = {"regularizer__keep_prob": keep_prob, "regularizer__groups": [4]}
        write_run(tmp_path / name, [keep_prob], **changes, **DROPBLOCK)
    figure4(tmp_path)
    assert [row[1:5] for row in read(tmp_path, "figure4")[1]] == [
        [f"+ skip + schedule, keep_prob={value}", "3", "1", f"{100 * value:.2f}"]
        for value in (0.8, 0.9)
    ]


def test_figure5_is_of_what_eval_wrote(tmp_path):
    for name, changes in (("none", {}), ("block", DROPBLOCK)):
        write_inference(write_run(tmp_path / name, [0.9], **changes))
    with (tmp_path / "none" / "inference.jsonl").open("a") as file:
        file.write('{"block_size": 3, "keep_prob": 0.1}\n{"block_size": 3, "keep_')
    figure5(tmp_path)
    _, rows = read(tmp_path, "figure5")
    assert len(rows) == 2 * 2 * 2 + 1
    assert rows[4][2:] == ["0.1", "1", "nan", "nan"]
    panel, line = "block_size 3 at inference", "trained with block_size 3"
    assert [panel, line, "0.5", "1", "50.00", "0.00"] in rows
    assert [row[1] for row in rows[:4:2]] == ["trained without DropBlock", line]


def test_networks_are_named_by_what_they_were_trained_with(tmp_path):
    kinds = (
        {},
        DROPBLOCK,
        {"regularizer__block_size": 7, **DROPBLOCK},
        {"regularizer__name": "dropout"},
        {"task__label_smoothing": 0.1},
        {"regularizer__keep_prob": 0.5, **DROPBLOCK},
    )
    for index, changes in enumerate(kinds):
        write_inference(write_run(tmp_path / str(index), [0.9], **changes))
    figure5(tmp_path)
    lines = dict.fromkeys(row[1] for row in read(tmp_path, "figure5")[1])
    assert list(lines) == [
        "trained without DropBlock",
        "trained with label_smoothing",
        "trained with block_size 3, keep_prob=0.9",
        "trained with block_size 3, keep_prob=0.5",
        "trained with block_size 7",
        "trained with dropout",
    ]


def test_figure6_counts_the_covered_share(tmp_path):
    activation = np.zeros((2, 4, 4), np.float32)
    activation[:, 0] = 1.0
    activation[1, 1] = 0.6
    assert covered(activation) == pytest.approx((4 + 8) / 32)
    for seed in (0, 1):
        write_maps(write_run(tmp_path / f"b{seed}", [0.9], seed=seed, **DROPBLOCK), seed=seed)
    write_maps(write_run(tmp_path / "c", [0.8]))
    figure6(tmp_path)
    header, rows = read(tmp_path, "figure6")
    assert header == ["network", "runs", "area_above_half_mean"]
    assert [row[:2] for row in rows] == [
        ["trained without DropBlock", "1"],
        ["trained with block_size 3", "2"],
    ]


def test_figure6_refuses_other_images_and_half_a_file(tmp_path):
    write_maps(write_run(tmp_path / "a", [0.9]), count=2)
    write_maps(write_run(tmp_path / "b", [0.8], seed=1), count=3)
    with pytest.raises(ValueError, match=r"/a and of .*/b have different images"):
        figure6(tmp_path)
    path = tmp_path / "b" / "class_activation.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"b/class_activation\.npz cannot be read"):
        figure6(tmp_path)


@pytest.mark.parametrize("figure", [figure5, figure6])
def test_without_the_files_it_says_what_writes_them(tmp_path, figure):
    write_run(tmp_path / "a", [0.9])
    with pytest.raises(FileNotFoundError, match=r"eval\.py --(inference_keep_prob|cam)="):
        figure(tmp_path)


@pytest.mark.parametrize(
    ("figure", "changes"),
    [(figure3, {"task__label_smoothing": 0.1}), (figure4, {"regularizer__name": "dropout"})],
)
def test_a_figure_without_a_run_to_show_is_refused(tmp_path, figure, changes):
    write_run(tmp_path / "a", [0.9], **changes)
    with pytest.raises(FileNotFoundError, match="holds no"):
        figure(tmp_path)
    assert not list(tmp_path.glob("figure*"))


@pytest.mark.parametrize("figure", [figure3, figure4, figure5])
def test_the_metric_is_the_one_that_judges_the_runs(tmp_path, figure):
    folder = write_run(tmp_path / "a", [0.25], metric="mean_iou", **DROPBLOCK)
    write_inference(folder, "mean_iou")
    figure(tmp_path)
    header, rows = read(tmp_path, figure.__name__)
    assert header[4] == "mean_iou_mean"
    assert {row[4] for row in rows} <= {"25.00", "50.00", "100.00"}
    write_inference(write_run(tmp_path / "b", [0.9], **DROPBLOCK))
    with pytest.raises(ValueError, match=r"different metrics \(accuracy, mean_iou\)"):
        figure(tmp_path)


@pytest.mark.parametrize(
    ("metric", "curves", "label", "factor"),
    [
        ("accuracy", (), "Accuracy, %", 100),
        ("accuracy", CURVES, "Top-1 accuracy, %", 100),
        ("peak_ratio", [{"title": "dB", "metric": "peak_ratio", "scale": "linear"}], "dB", 1),
        ("peak_ratio", CURVES, "peak ratio", 1),
    ],
)
def test_a_metric_is_drawn_as_its_task_says(tmp_path, metric, curves, label, factor):
    write_run(tmp_path / "a", [0.5], metric=metric, curves=curves)
    measure = measure_of(find_runs(tmp_path))
    assert (measure.metric, measure.label, measure.factor) == (metric, label, factor)
    assert measure.best(find_runs(tmp_path)[0]) == factor * 0.5
