"""The picture of a run's curves: what its task asks for, and what was dropped."""

import pytest

import analysis.curves
from analysis.curves import draw_curves
from runfiles import RunRecord, json_line, write_record
from tests.analysis.runs import CURVES, make_config


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved, as matplotlib has them."""
    figures, save = [], analysis.curves.save

    def keep(figure, path, **options):
        figures.append(figure)
        return save(figure, path, **options)

    monkeypatch.setattr(analysis.curves, "save", keep)
    return figures


def write(folder, *lines, curves=CURVES, metric="accuracy"):
    write_record(folder, RunRecord(make_config(), 4, metric, curves))
    (folder / "metrics.jsonl").write_text("".join(json_line(line) + "\n" for line in lines))


def lines_of(axis):
    return {
        line.get_label(): (list(line.get_xdata()), [round(y, 6) for y in line.get_ydata()])
        for line in axis.lines
        if not line.get_label().startswith("_")
    }


def test_a_panel_for_each_curve_with_train_and_held_out(tmp_path, drawn):
    write(
        tmp_path,
        {"step": 1, "train/loss": 2.0, "train/accuracy": 0.25},
        {"step": 2, "train/loss": 1.0},
        {"step": 2, "eval/loss": 1.5, "eval/accuracy": 0.5},
        {"step": 4, "eval/loss": 1.2, "eval/accuracy": 0.4},
    )
    path = draw_curves(tmp_path)
    assert path == tmp_path / "figures" / "curves.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    loss, accuracy = drawn[0].axes
    assert (loss.get_title(), loss.get_yscale()) == ("Cross-entropy loss", "log")
    assert lines_of(loss) == {"train": ([1, 2], [2.0, 1.0]), "held-out": ([2, 4], [1.5, 1.2])}
    assert accuracy.get_title() == "Top-1 accuracy, % (best held-out 50.00)"
    assert lines_of(accuracy) == {"train": ([1], [25.0]), "held-out": ([2, 4], [50.0, 40.0])}


def test_what_was_dropped_has_a_panel_of_its_own(tmp_path, drawn):
    write(
        tmp_path,
        {"step": 1, "train/keep_prob": 1.0},
        {"step": 2, "train/keep_prob": 0.9, "train/dropped": {"3": 0.02}},
        {"step": 3, "train/keep_prob": 0.8, "train/dropped": {"3": 0.05, "4": 0.2}},
    )
    draw_curves(tmp_path)
    assert lines_of(drawn[0].axes[-1]) == {
        "1 - keep_prob": ([1, 2, 3], [0.0, 10.0, 20.0]),
        "group 3, realised": ([2, 3], [2.0, 5.0]),
        "group 4, realised": ([3], [20.0]),
    }


def test_a_run_of_older_code_shows_loss_and_best_metric(tmp_path, drawn):
    line = {"step": 1, "train/loss": 2.0, "eval/loss": 1.5, "eval/mean_iou": 0.5}
    write(tmp_path, line, curves=[], metric="mean_iou")
    draw_curves(tmp_path)
    titles = [axis.get_title() for axis in drawn[0].axes]
    assert titles == ["Loss", "Mean iou, % (best held-out 50.00)"]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"step": 1, "eval/accuracy": float("nan"), "eval/loss": float("nan")}],
        [{"step": 1, "eval/accuracy": float("nan")}, {"step": 2, "eval/accuracy": 0.5}],
        [{"step": 1, "train/loss": 0.0}],
    ],
)
def test_what_is_missing_or_no_number_is_not_drawn(tmp_path, drawn, lines):
    write(tmp_path, *lines)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 9, "train/lo')
    assert draw_curves(tmp_path).exists()


def test_without_a_run_that_has_begun_there_is_no_picture(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run that has begun"):
        draw_curves(tmp_path)
    write_record(tmp_path, RunRecord(make_config()))
    with pytest.raises(FileNotFoundError, match="holds no run that has begun"):
        draw_curves(tmp_path)
