"""Boxes on an image."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def draw_boxes(
    image: np.ndarray, boxes: np.ndarray, colours: np.ndarray, texts: Sequence[str] = ()
) -> np.ndarray:
    """Draws the edges of boxes, and a text at the upper left corner of each.

    Args:
      image: uint8 (height, width, 3).
      boxes: (n, 4): top, left, bottom, right in its pixels.
      colours: uint8 (n, 3).
      texts: n of them, or none.
    """
    page = Image.fromarray(image)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(12)
    for index, (top, left, bottom, right) in enumerate(boxes.tolist()):
        colour = tuple(colours[index].tolist())
        draw.rectangle(
            (left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=2
        )
        if texts:
            place = left + 2, top + 1
            draw.rectangle(draw.textbbox(place, texts[index], font), fill="white")
            draw.text(place, texts[index], colour, font)
    return np.asarray(page)
