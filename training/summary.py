"""What train.py prints at the end of a run: the result and where to look."""

import math
from collections.abc import Sequence
from pathlib import Path

from runfiles import best_step, evaluations, read_metrics, read_record


def print_summary(workdir: Path, pictures: Sequence[Path]) -> None:
    """Prints the last and the best evaluation, images that did not decode, and pictures."""
    record = read_record(workdir)
    assert record is not None and record.best_metric is not None  # it has just trained
    values = evaluations(workdir, record.best_metric)
    best = best_step(values)
    for label, step in ((record.best_metric, max(values)), ("best", best)):
        value = math.nan if step is None else values[step]
        print(f"{label:15} {value:.2%} held-out, at step {step}")
    lines = read_metrics(workdir)
    for name in ("train/bad_images", "eval/bad_images"):
        if count := max((line.get(name, 0) for line in lines), default=0):
            print(f"bad images      {count} did not decode ({name.partition('/')[0]})")
    for path in pictures:
        print(f"picture         {path}")
