"""A file of a ResNet in the names of torchvision and timm, which are the same."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import jax
import numpy as np

from training.errors import Refused
from training.origin.network import Arrays
from training.origin.safetensors import read_safetensors
from training.origin.tensors import Tensor
from training.origin.torch_file import read_torch_file

READERS = {
    ".safetensors": read_safetensors,
    ".pth": read_torch_file,
    ".pt": read_torch_file,
}
#: Of PyTorch's batch norm.
EPSILON = 1e-5

#: Modules there -> here.
_MODULES = {"conv1": "stem.conv", "bn1": "stem.norm", "fc": "head"}
#: The same of a residual block.
_BLOCK_MODULES = {
    "downsample.0": "projection.conv",
    "downsample.1": "projection.norm",
    **{f"conv{n}": f"conv{n}.conv" for n in (1, 2, 3)},
    **{f"bn{n}": f"conv{n}.norm" for n in (1, 2, 3)},
}
#: The last word of a module's name here -> its arrays there -> here.
_ARRAYS = {
    "conv": {"weight": "kernel"},
    "norm": {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"},
    "head": {"weight": "kernel", "bias": "bias"},
}
#: How many batches a batch norm has seen, which it does not use.
_UNUSED = "num_batches_tracked"


class TorchResNet:
    """A ResNet in a ``.safetensors``, ``.pth`` or ``.pt`` file, see
    :class:`training.origin.network.Network`.

    Args:
      path: of the file.

    Raises:
      Refused: it is no file of a ResNet; one line that names what does not belong to one.
    """

    epsilon = EPSILON
    new_parts = ("head",)

    def __init__(self, path: Path):
        self.title = f"the ResNet in {path}"
        if path.suffix not in READERS:
            raise Refused(
                f"config.init_from={str(path)!r} must be the workdir of a run, or a file of a "
                f"ResNet that ends in {', '.join(READERS)}."
            )
        self._tensors: dict[str, Tensor] = {}
        arrays: dict[str, dict[str, jax.ShapeDtypeStruct]] = {"params": {}, "batch_stats": {}}
        strange = []
        for name, tensor in READERS[path.suffix](path).items():
            if name.endswith(_UNUSED):
                continue
            own = our_name(name)
            if own is None:
                strange.append(f"{name} {tensor.shape}")
                continue
            kind = "batch_stats" if own.endswith((".mean", ".var")) else "params"
            shape = tuple(tensor.shape[axis] for axis in _order(len(tensor.shape)))
            arrays[kind][own] = jax.ShapeDtypeStruct(shape, np.float32)
            self._tensors[own] = tensor
        if strange or not self._tensors:
            shown = ", ".join(strange[:5]) + (", ..." if len(strange) > 5 else "")
            raise Refused(
                f"config.init_from={str(path)!r} is no ResNet as torchvision and timm name its "
                f"arrays: it has {shown or 'none'} ({len(strange)} unknown names)."
            )
        self.arrays: Arrays = arrays

    def read(self, like: Mapping[str, Mapping[str, jax.Array]]) -> Arrays:
        return {
            kind: {name: self._read(name, array) for name, array in arrays.items()}
            for kind, arrays in like.items()
        }

    def _read(self, name: str, like: jax.Array) -> jax.Array:
        array = self._tensors[name].read()
        array = np.ascontiguousarray(array.transpose(_order(array.ndim)), like.dtype)
        return jax.make_array_from_callback(array.shape, like.sharding, lambda at: array[at])


def _order(axes: int) -> Sequence[int]:
    """The order of a kernel's axes here: outputs come first there, then inputs, and last here."""
    return (*range(2, axes), 1, 0) if axes > 1 else range(axes)


def our_name(name: str) -> str | None:
    """Translates a name of torchvision's ResNet; None where no ResNet has such an array."""
    module, _, array = name.rpartition(".")
    block = re.fullmatch(r"layer(\d)\.(\d+)\.(.+)", module)
    ours = _BLOCK_MODULES.get(block[3]) if block else _MODULES.get(module)
    own = ours and _ARRAYS[ours.rpartition(".")[2]].get(array)
    if not own:
        return None
    place = f"group{block[1]}_block{int(block[2]) + 1}." if block else ""
    return f"{place}{ours}.{own}"
