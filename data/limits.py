"""How large an image may be, by what its header says."""

from data.errors import DecodeError

#: Larger images are refused before they are decoded: half a gigabyte of RGB. Pillow refuses the
#: same ones by default, but warns from half of it on.
MAX_PIXELS = 178_956_970
#: Larger files are no images of so many pixels: 16 bits of four colours each, uncompressed.
MAX_BYTES = 8 * MAX_PIXELS
#: A Huffman-coded JPEG, as nearly all are, spends at least one bit on each block of 8 by 8 pixels.
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
