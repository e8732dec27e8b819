"""The devices of a run: their mesh, the processes that own them, and the way of batches to them."""

from training.devices.batches import STOP, DeviceBatches, batch_spec, send
from training.devices.mesh import build_mesh, replicated, rows, split_over_fsdp

__all__ = [
    "STOP",
    "DeviceBatches",
    "batch_spec",
    "build_mesh",
    "replicated",
    "rows",
    "send",
    "split_over_fsdp",
]
