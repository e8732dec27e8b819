"""The workdir of a run: who may use it, and what is written into it."""

from training.workdir.checkpoints import Checkpoints
from training.workdir.record import Record

__all__ = ["Checkpoints", "Record"]
