"""Files of ``torch.save``: a zip archive with a pickle of names and the bytes of the arrays.

A pickle is a program. The few steps of it that write names and arrays are followed here, by hand
and not by ``pickle``; nothing that it names is imported or called.
"""

import pickletools
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from training.errors import Refused
from training.origin.tensors import Tensor, Tensors, damaged

STORAGES = {
    "torch DoubleStorage": np.dtype("<f8"),
    "torch FloatStorage": np.dtype("<f4"),
    "torch HalfStorage": np.dtype("<f2"),
    "torch BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "torch LongStorage": np.dtype("<i8"),
    "torch IntStorage": np.dtype("<i4"),
}
DICT = "collections OrderedDict"
TENSOR, PARAMETER = "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"

_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True)
class _Global:
    """What a pickle would import."""

    name: str


@dataclass(frozen=True)
class _Storage:
    dtype: np.dtype
    key: str


def read_torch_file(path: Path) -> Tensors:
    """Finds the arrays of a file that holds a ``state_dict``.

    Raises:
      Refused: it is damaged, of another format, or holds more than names and arrays; one line.
    """
    if not zipfile.is_zipfile(path):
        raise Refused(
            f"config.init_from={str(path)!r} is no zip archive, as torch.save writes since PyTorch "
            "1.6: write it again by torch.save(torch.load(FILE), FILE)."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            folder = next(name for name in sizes if name.endswith("/data.pkl"))[: -len("data.pkl")]
            if sizes.get(f"{folder}byteorder") and archive.read(f"{folder}byteorder") != b"little":
                raise ValueError("its numbers are big-endian")
            content = _Reader(path, folder, sizes).follow(archive.read(f"{folder}data.pkl"))
    except StopIteration:
        raise damaged(path, "there is no data.pkl in it") from None
    except (zipfile.BadZipFile, ValueError, LookupError, TypeError, AttributeError) as error:
        raise damaged(path, f"its data.pkl cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise damaged(path, f"it holds a {type(content).__name__}, not a dict of names and arrays")
    for name, value in content.items():
        if not isinstance(value, Tensor):
            raise Refused(
                f"config.init_from={str(path)!r} must hold a state_dict, arrays by their names: "
                f"{name!r} is a {type(value).__name__}."
            )
    return content


class _Reader:
    """Follows a pickle; ``sizes``: of the archive's files, in bytes."""

    def __init__(self, path: Path, folder: str, sizes: dict[str, int]):
        self._path, self._folder, self._sizes = path, folder, sizes

    def follow(self, program: bytes) -> Any:
        """Returns what the pickle holds: dicts, lists, tuples, numbers, texts and tensors."""
        stack: list[Any] = []
        marks: list[int] = []
        memo: dict[int, Any] = {}

        def taken(count: int) -> list[Any]:
            if count > len(stack):
                raise IndexError("the stack is empty")
            values = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            return values

        def since_mark() -> list[Any]:
            return taken(len(stack) - marks.pop())

        for operation, argument, _ in pickletools.genops(program):
            match operation.name:
                case "PROTO" | "FRAME":
                    pass
                case name if name in _VALUES:
                    stack.append(argument)
                case name if name in _CONSTANTS:
                    stack.append(_CONSTANTS[name])
                case name if name in _TUPLES:
                    stack.append(tuple(taken(_TUPLES[name])))
                case "EMPTY_DICT":
                    stack.append({})
                case "EMPTY_LIST":
                    stack.append([])
                case "MARK":
                    marks.append(len(stack))
                case "TUPLE":
                    stack.append(tuple(since_mark()))
                case "APPEND":
                    (value,) = taken(1)
                    stack[-1].append(value)
                case "APPENDS":
                    values = since_mark()
                    stack[-1].extend(values)
                case "SETITEM":
                    key, value = taken(2)
                    stack[-1][key] = value
                case "SETITEMS":
                    values = since_mark()
                    stack[-1].update(zip(values[::2], values[1::2], strict=True))
                case "BINPUT" | "LONG_BINPUT":
                    memo[_number(argument)] = stack[-1]
                case "MEMOIZE":
                    memo[len(memo)] = stack[-1]
                case "BINGET" | "LONG_BINGET":
                    stack.append(memo[_number(argument)])
                case "GLOBAL":
                    stack.append(_Global(str(argument)))
                case "STACK_GLOBAL":
                    stack.append(_Global(" ".join(taken(2))))
                case "BINPERSID":
                    stack.append(self._storage(*taken(1)))
                case "REDUCE" | "NEWOBJ":
                    stack.append(self._build(*taken(2)))
                case "BUILD":
                    # An OrderedDict's own attributes: PyTorch keeps its modules' versions there.
                    if not isinstance(stack[-2], dict):
                        raise ValueError(f"a state of {type(stack[-2]).__name__}")
                    taken(1)
                case "STOP":
                    return stack.pop()
                case name:
                    raise ValueError(f"it has a step {name}")
        raise ValueError("it has no end")

    def _storage(self, place: tuple) -> _Storage:
        kind, storage, key, *_ = place
        if kind != "storage" or not isinstance(storage, _Global):
            raise ValueError(f"a {kind} is no storage")
        if storage.name not in STORAGES:
            raise self._refusal(storage)
        return _Storage(STORAGES[storage.name], str(key))

    def _build(self, function: Any, arguments: tuple) -> Any:
        if not isinstance(function, _Global):
            raise ValueError(f"{function!r} is called")
        if function.name == DICT:
            return dict(*arguments)
        if function.name == PARAMETER:
            return arguments[0]
        if function.name == TENSOR:
            return self._tensor(*arguments[:4])
        raise self._refusal(function)

    def _tensor(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Tensor:
        if not isinstance(storage, _Storage):
            raise ValueError("a tensor without a storage")
        file, itemsize = f"{self._folder}data/{storage.key}", storage.dtype.itemsize
        count = self._sizes[file] // itemsize
        steps = zip(shape, strides, strict=True)
        last = offset + sum((size - 1) * step for size, step in steps)
        if min((offset, *shape, *strides)) < 0 or (0 not in shape and last >= count):
            raise ValueError(f"an array of shape {shape} is not within its {count} numbers")

        def read() -> np.ndarray:
            with zipfile.ZipFile(self._path) as archive:
                numbers = np.frombuffer(archive.read(file), storage.dtype)
            in_bytes = [itemsize * step for step in strides]
            return np.lib.stride_tricks.as_strided(numbers[offset:], shape, in_bytes)

        return Tensor(shape, read)

    def _refusal(self, what: _Global) -> Refused:
        return Refused(
            f"config.init_from={str(self._path)!r} holds {what.name.replace(' ', '.')}: names and "
            "arrays alone are read, and nothing is run. In PyTorch: "
            "torch.save(model.state_dict(), FILE)."
        )


def _number(argument: Any) -> int:
    return int(argument)
