"""The workdir of a run: who may use it, and what is written into it."""

from training.workdir.checkpoints import Checkpoints
from training.workdir.record import Record
from training.workdir.start import plain, plan_run

__all__ = ["Checkpoints", "Record", "plain", "plan_run"]
