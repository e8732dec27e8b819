"""Resizing: with antialiasing, by SIMD instructions; and bilinear by Pillow."""

import threading
from typing import Literal

import numpy as np
from cykooz_resizer import CropBox, FilterType, ImageData, PixelType, ResizeAlg, ResizeOptions
from cykooz_resizer import Resizer as _Resizer
from PIL import Image

from data.crops import FloatBox, pixels_around

# Catmull-Rom is Keys's cubic with a = -0.5. They are Pillow's filters of these names, which take
# three to four times as long.
_FILTERS = {"bicubic": FilterType.catmull_rom, "bilinear": FilterType.bilinear}

# One resizer a thread: it keeps its scratch memory and may not be shared. Nor may its options.
_local = threading.local()


def resize_box(
    pixels: np.ndarray,
    box: FloatBox,
    size: tuple[int, int],
    kind: Literal["bicubic", "bilinear"] = "bicubic",
) -> np.ndarray:
    """Resizes a box of an image, with antialiasing where it shrinks.

    Other threads run meanwhile.

    Args:
      pixels: uint8 `(height, width, 3)`.
      box: within it, in pixels and parts of them; no pixel outside it is looked at.
      size: height and width of the result, pixels.
      kind: of the interpolation.

    Returns:
      uint8 `(*size, 3)`, read-only.
    """
    if not hasattr(_local, "resizer"):
        _local.resizer = _Resizer()
        _local.options = {
            kind: ResizeOptions(ResizeAlg.convolution(filter_type), use_alpha=False)
            for kind, filter_type in _FILTERS.items()
        }
    # Cut, because the resizer looks beyond the box that it is given.
    first_row, first_column, rows, columns = pixels_around(box)
    cut = pixels[first_row : first_row + rows, first_column : first_column + columns]
    top, left = box[0] - first_row, box[1] - first_column
    options = _local.options[kind]
    # Where rounding took the box's edges beyond the last pixel, they are back on it.
    options.crop_box = CropBox(left, top, min(box[3], columns - left), min(box[2], rows - top))
    source = ImageData(columns, rows, PixelType.U8x3, cut.tobytes())
    target = ImageData(size[1], size[0], PixelType.U8x3)
    _local.resizer.resize(source, target, options)
    return np.frombuffer(target.get_buffer(), np.uint8).reshape(*size, 3)


def resize_bilinear(image: np.ndarray, size: int) -> np.ndarray:
    """Resizes a whole image bilinearly; returns it as it is where it already has the size.

    Args:
      image: uint8 `(height, width, channels)` of 1 or 3 channels.
      size: side of the result, pixels.

    Returns:
      uint8 `(size, size, channels)`.
    """
    if image.shape[:2] == (size, size):
        return image
    pixels = image[:, :, 0] if image.shape[2] == 1 else image
    resized = np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))
    return resized.reshape(size, size, image.shape[2])
