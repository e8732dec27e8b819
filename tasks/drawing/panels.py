"""Panels side by side under their titles, over a legend."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MARGIN, LINE, SWATCH = 8, 20, 12
#: Pixels; narrower panels are enlarged by a whole number, or titles would not fit.
LEAST_WIDTH = 200

Colour = tuple[int, int, int]


def side_by_side(
    panels: Sequence[np.ndarray],
    titles: Sequence[str],
    legend: Sequence[tuple[str, Colour]] = (),
) -> Image.Image:
    """Draws panels of one size in a row, on white.

    Args:
      panels: uint8 (height, width, 3) each.
      titles: one above each.
      legend: (name, colour) of what is below; lines are broken to the width.
    """
    height, width = panels[0].shape[:2]
    factor = -(-LEAST_WIDTH // width)
    height, width = factor * height, factor * width
    font = ImageFont.load_default(13)
    total = len(panels) * (width + MARGIN) + MARGIN
    rows = _break(legend, font, total - 2 * MARGIN)
    page = Image.new("RGB", (total, LINE + height + MARGIN + LINE * len(rows)), "white")
    draw = ImageDraw.Draw(page)
    for index, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        left = MARGIN + index * (width + MARGIN)
        draw.text((left, 2), title, "black", font)
        image = Image.fromarray(panel).resize((width, height), Image.Resampling.NEAREST)
        page.paste(image, (left, LINE))
    for number, row in enumerate(rows):
        top = LINE + height + MARGIN + number * LINE
        for left, name, colour in row:
            box = (left + MARGIN, top, left + MARGIN + SWATCH, top + SWATCH)
            draw.rectangle(box, colour, "black")
            draw.text((left + MARGIN + SWATCH + 4, top - 2), name, "black", font)
    return page


def _break(
    legend: Sequence[tuple[str, Colour]], font, width: int
) -> list[list[tuple[int, str, Colour]]]:
    """The legend's entries with their left edges, in lines."""
    rows: list[list[tuple[int, str, Colour]]] = []
    left = width + 1
    for name, colour in legend:
        size = SWATCH + 4 + round(font.getlength(name)) + 14
        if left + size > width:
            rows.append([])
            left = 0
        rows[-1].append((left, name, colour))
        left += size
    return rows
