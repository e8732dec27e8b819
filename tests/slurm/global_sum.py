"""Processes that find each other by themselves; each writes what it sees to a file.

Not to stdout, where Gloo, XLA's own way between CPUs, writes too.
"""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

jax.distributed.initialize()
numbers = np.arange(16.0)
mesh = jax.make_mesh((len(jax.devices()),), ("data",))
sharding = NamedSharding(mesh, PartitionSpec("data"))
array = jax.make_array_from_callback(numbers.shape, sharding, lambda index: numbers[index])
total = jax.jit(jnp.sum, out_shardings=NamedSharding(mesh, PartitionSpec()))(array)
seen = {
    "process": jax.process_index(),
    "processes": jax.process_count(),
    "devices": len(jax.devices()),
    "local_devices": len(jax.local_devices()),
    "sum": float(total),
}
(Path(sys.argv[1]) / f"{jax.process_index()}.json").write_text(json.dumps(seen))
