"""Encoded images to uint8 arrays."""

import io

import numpy as np
import simplejpeg
from PIL import Image

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
    return _decode(encoded, channels, min_height=0, min_width=0)


def decode_at_least(encoded: bytes, min_height: float, min_width: float) -> np.ndarray:
    """Decodes one image at half its size or less where that is still large enough.

    A JPEG is made smaller inside the inverse DCT, which costs less than decoding all of it.

    Args:
      encoded: as for :func:`decode`.
      min_height: pixels; the result has at least this height if the image itself has.
      min_width: pixels; the same for the width.

    Returns:
      uint8 `(height, width, 3)`, both sides scaled by the same multiple of 1/8, or by 1.

    Raises:
      DecodeError: the bytes cannot be decoded.
    """
    return _decode(
        encoded, 3, min_height=int(np.ceil(min_height)), min_width=int(np.ceil(min_width))
    )


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


def _decode(encoded: bytes, channels: int, min_height: int, min_width: int) -> np.ndarray:
    if _is_jpeg(encoded):
        try:
            return simplejpeg.decode_jpeg(
                encoded,
                _COLOUR_SPACE[channels],
                min_height=min_height,
                min_width=min_width,
                # Full size, or half and less: the factors between cost more than they save.
                min_factor=2,
            )
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
