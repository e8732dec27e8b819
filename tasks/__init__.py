"""Tasks: what the trainer has to know of a job, and nothing else. See :class:`tasks.Task`."""

from tasks.contract import (
    Batch,
    Batches,
    Curve,
    Metrics,
    PaintsMasks,
    Predicts,
    Row,
    Task,
    WritesResults,
)

__all__ = [
    "Batch",
    "Batches",
    "Curve",
    "Metrics",
    "PaintsMasks",
    "Predicts",
    "Row",
    "Task",
    "WritesResults",
]
