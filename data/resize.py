"""Resizing: bicubic with antialiasing, by SIMD instructions; and bilinear."""

import threading

import numpy as np
from cykooz_resizer import CropBox, FilterType, ImageData, PixelType, ResizeAlg, ResizeOptions
from cykooz_resizer import Resizer as _Resizer
from PIL import Image

from data.crops import FloatBox, pixels_around

# Catmull-Rom is Keys's cubic with a = -0.5: Pillow's BICUBIC, which takes four times as long.
_BICUBIC = ResizeAlg.convolution(FilterType.catmull_rom)

# One resizer a thread: it keeps its scratch memory and may not be shared. Nor may its options.
_local = threading.local()


def resize_box(pixels: np.ndarray, box: FloatBox, size: int) -> np.ndarray:
    """Resizes a box of an image bicubically, with antialiasing where it shrinks.

    Other threads run meanwhile.

    Args:
      pixels: uint8 `(height, width, 3)`.
      box: within it, in pixels and parts of them; no pixel outside it is looked at.
      size: side of the result, pixels.

    Returns:
      uint8 `(size, size, 3)`, read-only.
    """
    if not hasattr(_local, "resizer"):
        _local.resizer = _Resizer()
        _local.options = ResizeOptions(_BICUBIC, use_alpha=False)
    # Cut, because the resizer looks beyond the box that it is given.
    first_row, first_column, height, width = pixels_around(box)
    cut = pixels[first_row : first_row + height, first_column : first_column + width]
    _local.options.crop_box = CropBox(box[1] - first_column, box[0] - first_row, box[3], box[2])
    source = ImageData(width, height, PixelType.U8x3, cut.tobytes())
    target = ImageData(size, size, PixelType.U8x3)
    _local.resizer.resize(source, target, _local.options)
    return np.frombuffer(target.get_buffer(), np.uint8).reshape(size, size, 3)


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
