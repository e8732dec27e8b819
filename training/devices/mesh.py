"""The mesh of devices, and how a run's arrays lie on it.

Two axes. The rows of a batch are spread over both. Parameters and optimizer slots are whole on
every device of ``data`` and split over ``fsdp``: the step gathers a parameter where it is used and
scatters its gradient. Everything else is whole everywhere.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

#: The axes of a mesh.
AXES = ("data", "fsdp")

# Smaller arrays (biases, batch-norm scales) stay whole: nothing to save, a collective each to lose.
SMALLEST_SPLIT = 4096


def build_mesh(
    axes: Mapping[str, int], batch_size: int, devices: Sequence[jax.Device] | None = None
) -> Mesh:
    """Builds the mesh over all devices of all processes.

    Devices are ordered by process, so that a process's rows of a batch are a run of it and the
    ``fsdp`` axis stays inside a machine where it fits.

    Args:
      axes: axis name -> size, in order; one size may be -1 and takes the devices that
        are left.
      batch_size: global; its rows are spread over all axes.
      devices: all of them; None for ``jax.devices()``.

    Raises:
      ValueError: the sizes do not multiply to the number of devices, or do not divide the batch.
    """
    devices = sorted(
        jax.devices() if devices is None else devices, key=lambda d: (d.process_index, d.id)
    )
    sizes = dict(axes)
    free = [name for name, size in sizes.items() if size == -1]
    fixed = math.prod(size for size in sizes.values() if size != -1)
    if not sizes or len(free) > 1 or fixed < 1 or any(size < -1 for size in sizes.values()):
        raise ValueError(
            f"config.mesh must give each axis a size of at least 1, one of them -1: got {sizes}."
        )
    if free:
        sizes[free[0]] = len(devices) // fixed
    if math.prod(sizes.values()) != len(devices):
        raise ValueError(
            f"config.mesh {dict(axes)} does not fit the {len(devices)} device(s) here: "
            "the sizes must multiply to their number."
        )
    if batch_size % len(devices):
        raise ValueError(
            f"config.batch_size must be a multiple of the mesh's {len(devices)} devices, "
            f"got {batch_size}."
        )
    grid = np.array(devices).reshape(*sizes.values())
    return Mesh(grid, tuple(sizes), axis_types=(AxisType.Auto,) * len(sizes))


def replicated(mesh: Mesh) -> NamedSharding:
    """Places the whole array on every device."""
    return NamedSharding(mesh, PartitionSpec())


def rows(mesh: Mesh) -> NamedSharding:
    """Spreads the first axis over all devices, as of batches."""
    return NamedSharding(mesh, PartitionSpec(mesh.axis_names))


def split_over_fsdp(mesh: Mesh, tree: Any) -> Any:
    """Places every array of ``tree`` (parameters, optimizer slots, statistics).

    The longest axis that the size of ``fsdp`` divides is split; the last one of several as long.
    """
    parts = mesh.shape.get("fsdp", 1)

    def sharding(leaf: Any) -> NamedSharding:
        divisible = [n for n, length in enumerate(leaf.shape) if length % parts == 0]
        if parts == 1 or leaf.size < SMALLEST_SPLIT or not divisible:
            return replicated(mesh)
        axis = max(divisible, key=lambda n: (leaf.shape[n], n))
        return NamedSharding(mesh, PartitionSpec(*[None] * axis, "fsdp"))

    return jax.tree.map(sharding, tree)
