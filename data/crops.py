"""Where to crop. A box is (top, left, height, width) in pixels."""

import math
from typing import NamedTuple

import numpy as np

Box = tuple[int, int, int, int]
FloatBox = tuple[float, float, float, float]

ATTEMPTS = 10
#: What rounding may add to the edge of a box, pixels.
TINY = 1e-6


def random_resized_box(
    height: int,
    width: int,
    rng: np.random.Generator,
    area: tuple[float, float] = (0.08, 1.0),
    aspect: tuple[float, float] = (3 / 4, 4 / 3),
) -> Box:
    """A box of random area and shape at a random place (Szegedy et al. 2015, section 6).

    Args:
      height: of the image, pixels.
      width: of the image, pixels.
      rng: the source of randomness.
      area: smallest and largest share of the image's area, drawn uniformly.
      aspect: smallest and largest width / height, drawn uniformly on a log scale.

    Returns:
      The box; where ten draws do not fit the image, the largest centred box of allowed shape.
    """
    log_aspect = math.log(aspect[0]), math.log(aspect[1])
    for _ in range(ATTEMPTS):
        box_area = height * width * rng.uniform(*area)
        ratio = math.exp(rng.uniform(*log_aspect))
        box_width = round(math.sqrt(box_area * ratio))
        box_height = round(math.sqrt(box_area / ratio))
        if 0 < box_width <= width and 0 < box_height <= height:
            top = int(rng.integers(height - box_height + 1))
            left = int(rng.integers(width - box_width + 1))
            return top, left, box_height, box_width
    box_height = min(height, max(1, round(width / aspect[0])))
    box_width = min(width, max(1, round(height * aspect[1])))
    return _centred(height, width, box_height, box_width)


def centre_box(height: int, width: int, size: int, padding: int = 32) -> Box:
    """The square of `size / (size + padding)` of the shorter side, in the middle.

    Args:
      height: of the image, pixels.
      width: of the image, pixels.
      size: side that the crop will be resized to, pixels.
      padding: 32 at size 224 gives the usual 224 / 256.
    """
    side = max(1, min(height, width) * size // (size + padding))
    return _centred(height, width, side, side)


class Window(NamedTuple):
    """A part of an image that is resized.

    Attributes:
      scaled: height and width that the whole image has then, pixels.
      top: row of the resized image where the part begins.
      left: its column.
      size: height and width of the part, pixels.
    """

    scaled: tuple[int, int]
    top: int
    left: int
    size: tuple[int, int]

    def box_in(self, height: int, width: int) -> FloatBox:
        """Where the part lies in the image before it is resized, of this height and width."""
        rows, columns = self.scaled
        return (
            self.top * height / rows,
            self.left * width / columns,
            self.size[0] * height / rows,
            self.size[1] * width / columns,
        )


def random_window(
    height: int, width: int, scale: float, size: tuple[int, int], rng: np.random.Generator
) -> Window:
    """The part of a scaled image that is seen: at random on each axis on which it is too long.

    Args:
      height: of the image, pixels.
      width: of the image, pixels.
      scale: of the resized image to the image. Its sides are rounded to whole pixels, so that the
        realised scales, `Window.scaled` to the image, differ a little from it and each other.
      size: height and width that the part has at most, pixels.
      rng: the source of randomness.
    """
    scaled = scaled_size(height, width, scale)
    seen = min(scaled[0], size[0]), min(scaled[1], size[1])
    top, left = (int(rng.integers(a - b + 1)) for a, b in zip(scaled, seen, strict=True))
    return Window(scaled, top, left, seen)


def scaled_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Height and width in whole pixels, at least one each, of an image that is scaled."""
    return max(1, round(height * scale)), max(1, round(width * scale))


def pixels_around(box: FloatBox) -> Box:
    """The smallest box of whole pixels that `box` lies in, but for :data:`TINY`."""
    top, left = math.floor(box[0]), math.floor(box[1])
    bottom, right = math.ceil(box[0] + box[2] - TINY), math.ceil(box[1] + box[3] - TINY)
    return top, left, bottom - top, right - left


def _centred(height: int, width: int, box_height: int, box_width: int) -> Box:
    return (height - box_height) // 2, (width - box_width) // 2, box_height, box_width
