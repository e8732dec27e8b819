"""The workdir of a run: who may use it, and what is written into it."""

from training.workdir.checkpoints import Checkpoints
from training.workdir.event_images import show_images
from training.workdir.lines import results_writer, write_lines
from training.workdir.record import Record
from training.workdir.trained import find_trained

__all__ = ["Checkpoints", "Record", "find_trained", "results_writer", "show_images", "write_lines"]
