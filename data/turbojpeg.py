"""Part of a JPEG, through libjpeg-turbo's own C interface.

No Python package decodes a crop alone, so this calls version 3 of the TurboJPEG interface (its
`turbojpeg.h`), which PyPI's `turbojpeg` brings for x86 and many systems have. The calls let other
threads run. Where there is no such library, :func:`decode_region` returns None.
"""

import ctypes
import ctypes.util
import functools
import importlib.metadata
import math
import threading
from typing import Any

import numpy as np

from data.crops import Box

_DECOMPRESS = 1  # TJINIT_DECOMPRESS
_SUBSAMPLING, _WIDTH = 4, 5  # TJPARAM_SUBSAMP, TJPARAM_JPEGWIDTH
_RGB = 0  # TJPF_RGB
#: of each TJSAMP_*: 4:4:4, 4:2:2, 4:2:0, grey, 4:4:0, 4:1:1, 4:4:1
_MCU_WIDTHS = (8, 16, 16, 8, 8, 32, 8)

# One decoder a thread: it may not be shared, and takes 0.1 ms to make.
_local = threading.local()


class _Region(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int) for name in ("x", "y", "w", "h"))


class _Factor(ctypes.Structure):
    _fields_ = (("num", ctypes.c_int), ("denom", ctypes.c_int))


def decode_region(encoded: bytes, region: Box, eighths: int) -> np.ndarray | None:
    """Decodes a part of an image that is scaled inside the inverse DCT.

    The pixels are those of the whole image decoded at that scale, bit for bit. What lies below
    the region is not read, so that faults there go unnoticed.

    Args:
      encoded: a JPEG file.
      region: top, left, height and width in pixels of the scaled image.
      eighths: the scaled image's size in eighths of the full one, 1 to 8.

    Returns:
      uint8 `(height, width, 3)`; None without a library, or if it finds fault with the image.
    """
    library = _library()
    if library is None:
        return None
    decoder = _decoder(library)
    if library.tj3DecompressHeader(decoder, encoded, len(encoded)):
        return None
    subsampling = library.tj3Get(decoder, _SUBSAMPLING)
    if not 0 <= subsampling < len(_MCU_WIDTHS):
        return None
    top, left, height, width = region
    # It starts at columns of whole blocks only. A column more on either side, because chroma is
    # interpolated from its neighbours.
    block = math.ceil(_MCU_WIDTHS[subsampling] * eighths / 8)
    first = max(0, left - 1) // block * block
    end = min(math.ceil(library.tj3Get(decoder, _WIDTH) * eighths / 8), left + width + 1)
    pixels = np.empty((height, end - first, 3), np.uint8)
    divisor = math.gcd(eighths, 8)  # the library knows 1/2, not 4/8
    if (
        library.tj3SetScalingFactor(decoder, _Factor(eighths // divisor, 8 // divisor))
        or library.tj3SetCroppingRegion(decoder, _Region(first, top, end - first, height))
        or library.tj3Decompress8(decoder, encoded, len(encoded), pixels.ctypes.data, 0, _RGB)
    ):
        return None
    return pixels[:, left - first : left - first + width]


class _Decoder:
    """Owns a handle of the library's."""

    def __init__(self, library: ctypes.CDLL):
        self._library = library
        self.handle = library.tj3Init(_DECOMPRESS)

    def __del__(self) -> None:
        self._library.tj3Destroy(self.handle)


def _decoder(library: ctypes.CDLL) -> int:
    if not hasattr(_local, "decoder"):
        _local.decoder = _Decoder(library)
    return _local.decoder.handle


@functools.cache
def _library() -> ctypes.CDLL | None:
    for path in (_in_package(), ctypes.util.find_library("turbojpeg")):
        try:
            library = ctypes.CDLL(path) if path else None
        except OSError:
            continue
        # Version 2 has no regions.
        if library is not None and hasattr(library, "tj3SetCroppingRegion"):
            return _declare(library)
    return None


def _in_package() -> str | None:
    # The package itself is never imported.
    try:
        files = importlib.metadata.files("turbojpeg") or ()
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((str(file.locate()) for file in files if "libturbojpeg" in file.name), None)


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    handle, number = ctypes.c_void_p, ctypes.c_int
    library.tj3Init.restype = handle
    library.tj3Destroy.argtypes = [handle]
    library.tj3Destroy.restype = None
    library.tj3Get.argtypes = [handle, number]
    library.tj3DecompressHeader.argtypes = [handle, ctypes.c_char_p, ctypes.c_size_t]
    library.tj3SetScalingFactor.argtypes = [handle, _Factor]
    library.tj3SetCroppingRegion.argtypes = [handle, _Region]
    arguments: list[Any] = [
        handle,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        number,
        number,
    ]
    library.tj3Decompress8.argtypes = arguments
    return library
