"""``metrics.jsonl`` of a run that is resumed."""

from runfiles import read_metrics
from training.workdir.metrics_file import MetricsFile


def test_metrics_continue_after_the_checkpoint_and_survive_a_torn_line(tmp_path):
    metrics = MetricsFile(tmp_path, 0)
    for step in (1, 2, 3):
        metrics.write(step, {"train/loss": float(step), "train/dropped": {"3": 0.1}})
    metrics.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "train/lo')
    assert [line["step"] for line in read_metrics(tmp_path)] == [1, 2, 3]

    metrics = MetricsFile(tmp_path, 2)
    metrics.write(3, {"train/loss": 30.0})
    metrics.close()
    lines = read_metrics(tmp_path)
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert lines[-1]["train/loss"] == 30
