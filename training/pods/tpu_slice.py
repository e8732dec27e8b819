"""TPU slices as the TPU compiler describes them, on a machine without TPUs."""

import importlib.util
import math
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry import hint

if TYPE_CHECKING:
    import jax

GIB = 2**30


@dataclass(frozen=True)
class Kind:
    """A generation of TPUs.

    Attributes:
      hbm: bytes of memory of one device, as JAX counts devices: a chip, but on v2, v3 and tpu7x
        one of a chip's two cores.
      shapes: of slices, in chips; where they have three sides, so are those of multiples of 4.
      chips: in the largest slice.
      peak: operations a second of one device in bfloat16.
      per_cycle: operations a cycle of its matrix units in bfloat16.
    """

    hbm: int
    shapes: tuple[str, ...]
    chips: int
    peak: float
    per_cycle: int

    @property
    def clock(self) -> float:
        """Cycles a second. Google names peaks, not clocks."""
        return self.peak / self.per_cycle


_FLAT = ("4x4", "4x8", "8x8", "8x16", "16x16")
_LITE = ("1x1", "2x2", "2x4", *_FLAT)
_CUBES = ("2x2x1", "2x2x2", "2x2x4", "2x4x4", "4x4x4")

# A multiplication and an addition in each cell of a unit.
_MATRIX_UNIT = 2 * 128**2

#: libtpu's name of a generation -> what Google Cloud's documentation says of it, a page each:
#: docs.cloud.google.com/tpu/docs/v2 to /v6e, /tpu7x. libtpu itself takes any shape that a host's
#: 2x2 chips divide. What v6e and tpu7x do in a cycle is what libtpu takes a large product to do.
KINDS = {
    "v2": Kind(8 * GIB, ("2x2", "4x4", "8x8", "8x16", "16x16"), 256, 23e12, _MATRIX_UNIT),
    "v3": Kind(16 * GIB, ("2x2", *_FLAT, "16x32", "32x32"), 1024, 61.5e12, 2 * _MATRIX_UNIT),
    "v4": Kind(32 * GIB, _CUBES, 4096, 275e12, 8 * _MATRIX_UNIT),
    "v5e": Kind(16 * GIB, _LITE, 256, 197e12, 4 * _MATRIX_UNIT),
    "v5p": Kind(95 * GIB, _CUBES, 6144, 459e12, 8 * _MATRIX_UNIT),
    "v6e": Kind(32 * GIB, _LITE, 256, 918e12, 16 * _MATRIX_UNIT),
    "tpu7x": Kind(96 * GIB, _CUBES, 9216, 1153.5e12, 16 * _MATRIX_UNIT),
}

# What libtpu reads when it is loaded. It would look for the TPU machine that it is on.
_ENVIRONMENT = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5e-4",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_LOG_DIR": "disabled",
    # One process at a time may run on TPUs, but any number may compile.
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
}


@dataclass(frozen=True)
class Slice:
    """A part of a TPU pod that programs can be compiled for.

    Attributes:
      name: such as `v5e:16x16`.
      devices: as JAX would list them there; nothing runs on them.
      kind: their generation.
    """

    name: str
    devices: "list[jax.Device]"
    kind: Kind

    @property
    def chips(self) -> int:
        """Their number."""
        return len({tuple(device.coords) for device in self.devices})

    @property
    def processes(self) -> int:
        """Their number: one for each machine."""
        return len({device.process_index for device in self.devices})


def find_slice(name: str) -> Slice:
    """The slice called `KIND:AxB` or `KIND:AxBxC`. JAX itself is set to the CPU.

    Raises:
      ValueError: there is none, or no compiler for it; one line for train.py's users.
    """
    if importlib.util.find_spec("libtpu") is None:
        raise ValueError('--compile_for needs the TPU compiler: pip install "jax[tpu]"')
    kind, _, shape = name.partition(":")
    if kind not in KINDS:
        examples = ", ".join(f"{kind}:{about.shapes[-1]}" for kind, about in KINDS.items())
        raise ValueError(
            f"unknown TPU {kind!r} in --compile_for={name}: {hint(kind, KINDS)}"
            f"allowed: {examples}, and other sizes of these."
        )
    if not _has(KINDS[kind], shape):
        raise ValueError(
            f"unknown size {shape!r} in --compile_for={name}: {hint(shape, KINDS[kind].shapes)}"
            f"allowed: {_sizes(KINDS[kind])}."
        )

    os.environ |= _ENVIRONMENT

    import jax
    from jax.experimental import topologies

    jax.config.update("jax_platforms", "cpu")
    width, height = (min(2, int(side)) for side in shape.split("x")[:2])
    options: dict[str, Any] = {"chips_per_host_bounds": (width, height, 1)}
    if kind == "v4":
        options["chip_config_name"] = "megacore"  # one device a chip, as on the machines
    topology = topologies.get_topology_desc(platform="tpu", topology_name=name, **options)
    return Slice(name, topology.devices, KINDS[kind])


def _has(kind: Kind, shape: str) -> bool:
    if kind.shapes != _CUBES or not re.fullmatch(r"[1-9]\d*x[1-9]\d*x[1-9]\d*", shape):
        return shape in kind.shapes
    sides = [int(side) for side in shape.split("x")]
    of_cubes = not any(side % 4 for side in sides) and math.prod(sides) <= kind.chips
    return of_cubes or shape in kind.shapes


def _sizes(kind: Kind) -> str:
    more = f", AxBxC of multiples of 4 up to {kind.chips} chips" if kind.shapes == _CUBES else ""
    return ", ".join(kind.shapes) + more
