"""The mesh of devices, and how a run's arrays lie on it."""

import math
from collections.abc import Mapping

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec


def build_mesh(axes: Mapping[str, int], batch_size: int) -> Mesh:
    """The mesh over all devices of all processes.

    Args:
      axes: axis name -> size, in order; one size may be -1 and takes the devices that are left.
      batch_size: global; its rows are spread over all axes.

    Raises:
      ValueError: the sizes do not multiply to the number of devices, or do not divide the batch.
    """
    devices = jax.device_count()
    sizes = dict(axes)
    free = [name for name, size in sizes.items() if size == -1]
    fixed = math.prod(size for size in sizes.values() if size != -1)
    if not sizes or len(free) > 1 or fixed < 1 or any(size < -1 for size in sizes.values()):
        raise ValueError(
            f"config.mesh must give each axis a size of at least 1, one of them -1: got {sizes}."
        )
    if free:
        sizes[free[0]] = devices // fixed
    if math.prod(sizes.values()) != devices:
        raise ValueError(
            f"config.mesh {dict(axes)} does not fit the {devices} device(s) here: "
            "the sizes must multiply to their number."
        )
    if batch_size % devices:
        raise ValueError(
            f"config.batch_size must be a multiple of the mesh's {devices} devices, "
            f"got {batch_size}."
        )
    return jax.make_mesh(
        tuple(sizes.values()),
        tuple(sizes),
        axis_types=(jax.sharding.AxisType.Auto,) * len(sizes),
    )


def replicated(mesh: Mesh) -> NamedSharding:
    """Every device holds the whole array: parameters, statistics, optimizer slots."""
    return NamedSharding(mesh, PartitionSpec())


def to_devices(mesh: Mesh, batch: Mapping[str, np.ndarray]) -> dict[str, jax.Array]:
    """A batch whose first axis is spread over the mesh, from this process's rows of it."""
    rows = NamedSharding(mesh, PartitionSpec(mesh.axis_names))
    return {
        name: jax.make_array_from_process_local_data(rows, value) for name, value in batch.items()
    }
