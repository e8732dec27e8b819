"""Files of the format safetensors: a header of JSON, and the bytes of the arrays after it."""

import json
import math
from pathlib import Path

import ml_dtypes
import numpy as np

from training.origin.tensors import Tensor, Tensors, damaged

DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
}
#: Bytes of a header, as the format's own readers have it.
LARGEST_HEADER = 100_000_000


def read_safetensors(path: Path) -> Tensors:
    """Finds the arrays of a file.

    Raises:
      Refused: it is damaged or no such file; one line.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, LARGEST_HEADER):
            raise damaged(path, f"its header would be {length} bytes of {size}")
        text = file.read(length)
    try:
        header = json.loads(text)
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        return {name: _tensor(path, 8 + length, size, entry) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, f"its header cannot be read ({error})") from error


def _tensor(path: Path, start: int, size: int, entry: dict) -> Tensor:
    dtype, shape = DTYPES[entry["dtype"]], tuple(map(int, entry["shape"]))
    first, end = map(int, entry["data_offsets"])
    count = math.prod(shape)
    if min((first, *shape)) < 0 or start + end > size or end - first != count * dtype.itemsize:
        raise ValueError(f"an array of shape {shape} is at bytes {first} to {end}")
    return Tensor(
        shape,
        lambda: np.fromfile(path, dtype, count, offset=start + first).reshape(shape),
    )
