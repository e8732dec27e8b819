"""What metrics are called and in which unit they are drawn, as the task of a run says."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.runs import Run
from runfiles import Curve, RunRecord


def curves_of(record: RunRecord) -> list[Curve]:
    """What to draw of a run that has begun.

    Runs of older code do not say: of these, the loss and the best metric, which is a share.
    """
    if record.curves or record.best_metric is None:
        return record.curves
    title = record.best_metric.replace("_", " ").capitalize()
    return [
        {"title": "Loss", "metric": "loss", "scale": "log"},
        {"title": title, "metric": record.best_metric, "scale": "percent"},
    ]


def label_of(curve: Curve) -> str:
    """The title, with the unit where there is one."""
    return f"{curve['title']}, %" if curve["scale"] == "percent" else curve["title"]


def factor_of(curve: Curve) -> float:
    """From the logged value to the one that is drawn."""
    return 100.0 if curve["scale"] == "percent" else 1.0


@dataclass(frozen=True)
class Measure:
    """The metric that a figure shows.

    Attributes:
      metric: its name, without "eval/".
      label: of its axis, with the unit.
      factor: from the logged value to the one that is drawn.
    """

    metric: str
    label: str
    factor: float

    def best(self, run: Run) -> float:
        """The best value of a run's evaluations, as it is drawn."""
        return self.factor * run.best(self.metric)


def measure_of(runs: Sequence[Run]) -> Measure:
    """The best metric of the runs.

    Raises:
      ValueError: they have different ones, as runs of different tasks do.
    """
    names = sorted({run.record.best_metric or "" for run in runs})
    if len(names) > 1:
        raise ValueError(
            f"the runs are judged by different metrics ({', '.join(names)}): "
            "give folders with runs of one task."
        )
    for curve in curves_of(runs[0].record):
        if curve["metric"] == names[0]:
            return Measure(names[0], label_of(curve), factor_of(curve))
    return Measure(names[0], names[0].replace("_", " "), 1.0)
