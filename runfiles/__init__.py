"""The files of a run: their names, readers and writers.

Everything that looks into a run's folder does so through this room. It needs the standard library
alone, so that tables and figures can be made on a machine without JAX.
"""

from runfiles.atomic import replace
from runfiles.fields import FREE_FIELDS, deciding_fields, is_within
from runfiles.json_lines import json_line, read_lines
from runfiles.lock import is_locked, take_lock
from runfiles.names import (
    CHECKPOINTS,
    CLASS_ACTIVATION,
    CONFIG,
    DAMAGED,
    EVALUATIONS,
    FAILED,
    FEATURE_MAPS,
    FIGURES,
    INFERENCE,
    LOCK,
    METRICS,
    PREDICTIONS,
    SWEEP_TABLE,
    TENSORBOARD,
    TRAIN_LOG,
)
from runfiles.nested import flat, nested
from runfiles.progress import (
    best_step,
    checkpoint_steps,
    evaluations,
    is_complete,
    read_metrics,
)
from runfiles.record import Curve, RunRecord, Start, read_record, write_record
from runfiles.state import State, read_state

__all__ = [
    "CHECKPOINTS",
    "CLASS_ACTIVATION",
    "CONFIG",
    "DAMAGED",
    "EVALUATIONS",
    "FAILED",
    "FEATURE_MAPS",
    "FIGURES",
    "FREE_FIELDS",
    "INFERENCE",
    "LOCK",
    "METRICS",
    "PREDICTIONS",
    "SWEEP_TABLE",
    "TENSORBOARD",
    "TRAIN_LOG",
    "Curve",
    "RunRecord",
    "Start",
    "State",
    "best_step",
    "checkpoint_steps",
    "deciding_fields",
    "evaluations",
    "flat",
    "is_complete",
    "is_locked",
    "is_within",
    "json_line",
    "nested",
    "read_lines",
    "read_metrics",
    "read_record",
    "read_state",
    "replace",
    "take_lock",
    "write_record",
]
