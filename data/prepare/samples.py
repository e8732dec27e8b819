"""A picture of some examples, to see at once whether labels fit images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from data.classes import names_of_classes
from data.decode import decode, decode_labels
from data.source import Source
from data.spec import Example

ACROSS, DOWN = 4, 4
_SIDE, _LINE = 240, 18
_FRAME = 4
_WIDTH = ACROSS * (_SIDE + _FRAME)


def draw_samples(source: Source, path: Path) -> None:
    """Draws sixteen examples, evenly from the whole split, with their labels, boxes or masks."""
    count = min(ACROSS * DOWN, len(source))
    names = names_of_classes(source.features, source.metadata)
    legend = _legend(names) if "segmentation_label" in source.features else Image.new("RGB", (1, 0))
    height = _SIDE + _LINE + _FRAME
    tiles = -(-count // ACROSS) * height
    page = Image.new("RGB", (_WIDTH, tiles + legend.height), "white")
    for place in range(count):
        example = source[place * len(source) // count]
        corner = place % ACROSS * (_SIDE + _FRAME), place // ACROSS * height
        page.paste(_tile(example, names), corner)
    page.paste(legend, (0, tiles))
    page.save(path)


def colour_of(label: int) -> tuple[int, int, int]:
    """A class's colour, by the bits of its number as in PASCAL VOC: neighbours differ strongly."""
    red, green, blue = (
        sum((label >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(8))
        for channel in range(3)
    )
    return red, green, blue


def _tile(example: Example, names: Sequence[str]) -> Image.Image:
    image = Image.fromarray(decode(example["image"]))
    text = ""
    if "label" in example:
        text = names[example["label"]]
    elif "segmentation_label" in example:
        image = _with_mask(image, decode_labels(example["segmentation_label"]))
    scale = min(_SIDE / image.width, _SIDE / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    enlarge = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR
    image = image.resize(size, enlarge)
    if "objects" in example:
        text = _draw_boxes(image, example["objects"], names)
    tile = Image.new("RGB", (_SIDE, _SIDE + _LINE), "white")
    tile.paste(image, ((_SIDE - image.width) // 2, _SIDE - image.height))
    font = ImageFont.load_default(12)
    ImageDraw.Draw(tile).text((2, _SIDE + 2), text, "black", font)
    return tile


def _with_mask(image: Image.Image, labels: np.ndarray) -> Image.Image:
    palette = np.array([colour_of(label) for label in range(256)], np.uint8)
    shown = Image.fromarray(palette[labels]).resize(image.size, Image.Resampling.NEAREST)
    return Image.blend(image, shown, 0.5)


def _legend(names: Sequence[str]) -> Image.Image:
    """The colour of each class, in lines."""
    font = ImageFont.load_default(12)
    places, left, line = [], 0.0, 0
    for name in names:
        width = font.getlength(name) + 2 * _LINE
        if left and left + width > _WIDTH:
            left, line = 0.0, line + 1
        places.append((left, line * _LINE))
        left += width
    legend = Image.new("RGB", (_WIDTH, (line + 1) * _LINE), "white")
    draw = ImageDraw.Draw(legend)
    for label, (name, (x, y)) in enumerate(zip(names, places, strict=True)):
        draw.rectangle((x + 2, y + 2, x + _LINE - 4, y + _LINE - 4), colour_of(label), "black")
        draw.text((x + _LINE, y + 1), name, "black", font)
    return legend


def _draw_boxes(image: Image.Image, objects: Any, names: Sequence[str]) -> str:
    draw = ImageDraw.Draw(image)
    for label, (top, left, bottom, right) in zip(objects["label"], objects["bbox"], strict=True):
        corners = (
            left * image.width,
            top * image.height,
            right * image.width,
            bottom * image.height,
        )
        colour = colour_of(int(label) + 1)
        draw.rectangle(corners, outline=colour, width=2)
        font = ImageFont.load_default(11)
        place = corners[0] + 3, corners[1] + 1
        draw.text(place, names[label], colour, font, stroke_width=1, stroke_fill="white")
    return f"{len(objects['label'])} boxes"
