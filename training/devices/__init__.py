"""The devices of a run: their mesh, the processes that own them, and the way of batches to them."""

from training.devices.batches import STOP, DeviceBatches, batch_spec, send
from training.devices.mesh import build_mesh, replicated, rows, split_over_fsdp
from training.devices.platforms import ignore_absent_tpus

__all__ = [
    "STOP",
    "DeviceBatches",
    "batch_spec",
    "build_mesh",
    "ignore_absent_tpus",
    "replicated",
    "rows",
    "send",
    "split_over_fsdp",
]
