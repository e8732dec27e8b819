"""How large an image may be, by what its header says."""

from data.errors import DecodeError

#: Larger images are refused before they are decoded. It is where Pillow draws the line by itself,
#: at half a gigabyte of RGB; what is smaller is decoded without a warning.
MAX_PIXELS = 178_956_970
#: Pixels that a bit of a JPEG can stand for: each block of 8 by 8 takes one at least, unless it
#: is coded arithmetically, which nobody does. So a tiny file cannot claim to be a large image.
_JPEG_PIXELS_A_BIT = 64


def check_size(height: int, width: int) -> None:
    """Raises DecodeError for an image of no pixels or of too many."""
    if not 0 < height * width <= MAX_PIXELS:
        raise DecodeError(
            f"{width} x {height} = {width * height:,} pixels, 1 to {MAX_PIXELS:,} are allowed"
        )


def check_jpeg(height: int, width: int, num_bytes: int) -> None:
    """:func:`check_size`; also raises DecodeError for more pixels than the bytes can hold."""
    check_size(height, width)
    if height * width > 8 * num_bytes * _JPEG_PIXELS_A_BIT:
        raise DecodeError(f"{num_bytes} bytes are not a whole JPEG of {width} x {height} pixels")
