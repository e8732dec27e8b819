"""Encoded images to uint8 arrays."""

import io

import numpy as np
import simplejpeg
from PIL import Image

from data.crops import Box, FloatBox, pixels_around
from data.turbojpeg import decode_region

_COLOUR_SPACE = {1: "GRAY", 3: "RGB"}
_PILLOW_MODE = {1: "L", 3: "RGB"}


class DecodeError(ValueError):
    """The bytes are not an image that can be decoded."""


def decode(encoded: bytes, channels: int = 3) -> np.ndarray:
    """Decodes one image at its full size.

    JPEG (grey and CMYK too) goes through libjpeg-turbo, without the GIL; other formats, and what
    libjpeg-turbo finds fault with, go through Pillow. An EXIF rotation is ignored, as in TFDS.

    Args:
      encoded: a JPEG, PNG or other image file.
      channels: 3 (a grey image gets three equal channels; transparency is dropped) or 1.

    Returns:
      uint8 `(height, width, channels)`.

    Raises:
      DecodeError: the bytes cannot be decoded.
    """
    if _is_jpeg(encoded):
        try:
            return simplejpeg.decode_jpeg(encoded, _COLOUR_SPACE[channels])
        except ValueError:
            pass  # Pillow may be more tolerant.
    image = _open_with_pillow(encoded)
    try:
        pixels = np.asarray(image.convert(_PILLOW_MODE[channels]))
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise many types on broken data.
        raise DecodeError(f"not a whole image: {error}") from error
    return pixels.reshape(*pixels.shape[:2], channels)


def decode_box(encoded: bytes, box: Box, size: int) -> tuple[np.ndarray, FloatBox]:
    """Decodes no more than is needed to resize a box of the image to `(size, size)`.

    Of a JPEG, the box's rows and columns alone; and, where the box still has `size` pixels each
    way, at half its size or less, made smaller inside the inverse DCT.

    Args:
      encoded: as for :func:`decode`.
      box: within the image at its full size.
      size: pixels.

    Returns:
      uint8 `(height, width, 3)`, and where the box lies in it.

    Raises:
      DecodeError: the bytes cannot be decoded.
    """
    if _is_jpeg(encoded):
        eighths = _eighths(min(box[2:]), size)
        scaled = tuple(side * eighths / 8 for side in box)
        region = pixels_around(scaled)
        pixels = decode_region(encoded, region, eighths)
        if pixels is not None:
            return pixels, (scaled[0] - region[0], scaled[1] - region[1], *scaled[2:])
    # No JPEG, or one that is faulty or of four colours, or no library for parts.
    top, left, height, width = box
    return decode(encoded)[top : top + height, left : left + width], (0, 0, height, width)


def image_size(encoded: bytes) -> tuple[int, int]:
    """Height and width in pixels, from the header alone.

    Raises:
      DecodeError: the bytes do not start as an image does.
    """
    if _is_jpeg(encoded):
        try:
            return simplejpeg.decode_jpeg_header(encoded)[:2]
        except ValueError:
            pass  # Pillow may still know what to do with it.
    width, height = _open_with_pillow(encoded).size
    return height, width


def _eighths(side: int, size: int) -> int:
    # Full size, or half and less: the factors between cost more than they save.
    return next((eighths for eighths in (1, 2, 3, 4) if side * eighths >= size * 8), 8)


def _open_with_pillow(encoded: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(encoded))
    except MemoryError:
        raise
    except Exception as error:
        raise DecodeError(f"not an image ({len(encoded)} bytes)") from error


def _is_jpeg(encoded: bytes) -> bool:
    # By content: ImageNet has a PNG whose name ends in .JPEG.
    return encoded[:2] == b"\xff\xd8"
