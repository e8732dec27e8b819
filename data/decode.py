"""Encoded images to uint8 arrays."""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from data.crops import FloatBox, pixels_around
from data.errors import DecodeError
from data.limits import check_jpeg, check_size
from data.turbojpeg import decode_region

#: The formats of Pillow that are taken. Others are not safe to open: for EPS it runs Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")

_COLOUR_SPACE = {1: "GRAY", 3: "RGB"}
_PILLOW_MODE = {1: "L", 3: "RGB"}
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")

# Pillow's own limit would warn from half our limit on. Ours is checked as soon as a file is open.
Image.MAX_IMAGE_PIXELS = None


def decode(encoded: bytes, channels: int = 3) -> np.ndarray:
    """Decodes one image at its full size.

    JPEG (grey and CMYK too) goes through libjpeg-turbo, without the GIL; other formats, and what
    libjpeg-turbo finds fault with, go through Pillow. An EXIF rotation is ignored, as in TFDS. Of
    16-bit values the upper 8 bits are kept. Of an animation the first picture is taken.

    Args:
      encoded: a file of one of :data:`FORMATS`, of at most :data:`data.limits.MAX_PIXELS`.
      channels: 3 (a grey image gets three equal channels; transparency is dropped) or 1.

    Returns:
      uint8 `(height, width, channels)`.

    Raises:
      DecodeError: the bytes cannot be decoded, are too large an image, or hold values that are no
        colours (32-bit integers, floats).
    """
    if _is_jpeg(encoded) and _jpeg_size(encoded) is not None:
        try:
            return simplejpeg.decode_jpeg(encoded, _COLOUR_SPACE[channels])
        except ValueError:
            pass  # Pillow may be more tolerant.
    with _open_with_pillow(encoded) as image, _decode_errors("not a whole image"):
        pixels = np.asarray(_eight_bits(image).convert(_PILLOW_MODE[channels]))
    return pixels.reshape(*pixels.shape[:2], channels)


def decode_labels(encoded: bytes) -> np.ndarray:
    """Decodes a map of integers, such as a segmentation mask: the values as they are stored.

    A palette gives its indices, not its colours.

    Args:
      encoded: as for :func:`decode`, with one value a pixel.

    Returns:
      uint8 or uint16 `(height, width)`.

    Raises:
      DecodeError: as :func:`decode`; or it has more than one value a pixel.
    """
    with _open_with_pillow(encoded) as image, _decode_errors("not a whole image"):
        if image.mode not in ("1", "L", "P", *_SIXTEEN_BITS):
            raise DecodeError(f"mode {image.mode} does not have one label a pixel")
        pixels = np.asarray(image)
    return pixels.astype(np.uint16 if pixels.itemsize == 2 else np.uint8)


def decode_box(encoded: bytes, box: FloatBox, size: tuple[int, int]) -> tuple[np.ndarray, FloatBox]:
    """Decodes no more than is needed to resize a box of the image to `size`.

    Of a JPEG, the box's rows and columns alone; and, where the box still has as many pixels each
    way, at half its size or less, made smaller inside the inverse DCT.

    Args:
      encoded: as for :func:`decode`.
      box: within the image at its full size, in pixels and parts of them.
      size: height and width, pixels.

    Returns:
      uint8 `(height, width, 3)`, and where the box lies in it.

    Raises:
      DecodeError: the bytes cannot be decoded.
    """
    if _is_jpeg(encoded) and _jpeg_size(encoded) is not None:
        eighths = _eighths(box[2:], size)
        top, left, height, width = (side * eighths / 8 for side in box)
        scaled = top, left, height, width
        region = pixels_around(scaled)
        pixels = decode_region(encoded, region, eighths)
        if pixels is not None:
            return pixels, (top - region[0], left - region[1], height, width)
    # No JPEG, or one that is faulty or of four colours, or no library for parts.
    first_row, first_column, rows, columns = pixels_around(box)
    whole = decode(encoded)
    cut = whole[first_row : first_row + rows, first_column : first_column + columns]
    return cut, (box[0] - first_row, box[1] - first_column, *box[2:])


def image_size(encoded: bytes) -> tuple[int, int]:
    """Height and width in pixels, from the header alone.

    Raises:
      DecodeError: the bytes do not start as an image does, or as too large a one.
    """
    size = _jpeg_size(encoded) if _is_jpeg(encoded) else None
    if size is None:  # Pillow may still know what to do with it.
        with _open_with_pillow(encoded) as image:
            size = image.height, image.width
    return size


def _jpeg_size(encoded: bytes) -> tuple[int, int] | None:
    """Height and width of an allowed size; None if libjpeg-turbo does not take the header."""
    try:
        height, width = simplejpeg.decode_jpeg_header(encoded)[:2]
    except ValueError:
        return None
    check_jpeg(height, width, len(encoded))
    return height, width


def _eighths(sides: tuple[float, ...], size: tuple[int, int]) -> int:
    # Full size, or half and less: the factors between cost more than they save.
    least = max(8 * wanted / side for side, wanted in zip(sides, size, strict=True))
    return next((eighths for eighths in (1, 2, 3, 4) if eighths >= least), 8)


def _open_with_pillow(encoded: bytes) -> Image.Image:
    with _decode_errors(f"not an image ({len(encoded)} bytes)"):
        try:
            image = Image.open(io.BytesIO(encoded), formats=FORMATS)
        except UnidentifiedImageError:
            raise DecodeError(f"not an image ({len(encoded)} bytes)") from None
        check_size(image.height, image.width)
        return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Prepares an image for Pillow's `convert`, which clips values above 255 instead of scaling."""
    if image.mode in _SIXTEEN_BITS or (image.mode == "I" and image.format == "PPM"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        kind = {"I": "32-bit integers", "F": "floats"}[image.mode]
        raise DecodeError(f"mode {image.mode} ({kind}) has no known range of colours")
    image.load()
    image.info.pop("transparency", None)  # dropped; Pillow would warn
    return image


@contextlib.contextmanager
def _decode_errors(what: str) -> Iterator[None]:
    """Turns the many types of errors that Pillow's decoders raise on broken data into one."""
    try:
        yield
    except (DecodeError, MemoryError):
        raise
    except Exception as error:
        raise DecodeError(f"{what}: {error}") from error


def _is_jpeg(encoded: bytes) -> bool:
    # By content: ImageNet has a PNG whose name ends in .JPEG.
    return encoded[:2] == b"\xff\xd8"
