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


def draw_samples(source: Source, path: Path) -> None:
    """Draws sixteen examples, evenly from the whole split, with their labels, boxes or masks."""
    count = min(ACROSS * DOWN, len(source))
    names = names_of_classes(source.features, source.metadata)
    down = -(-count // ACROSS)
    height = _SIDE + _LINE
    page = Image.new("RGB", (ACROSS * (_SIDE + _FRAME), down * (height + _FRAME)), "white")
    for place in range(count):
        example = source[place * len(source) // count]
        left, top = place % ACROSS * (_SIDE + _FRAME), place // ACROSS * (height + _FRAME)
        page.paste(_tile(example, names), (left, top))
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
        image, text = _with_mask(image, decode_labels(example["segmentation_label"]), names)
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


def _with_mask(
    image: Image.Image, labels: np.ndarray, names: Sequence[str]
) -> tuple[Image.Image, str]:
    palette = np.array([colour_of(label) for label in range(256)], np.uint8)
    shown = Image.fromarray(palette[labels]).resize(image.size, Image.Resampling.NEAREST)
    present = [names[label] for label in np.unique(labels) if label < len(names)]
    return Image.blend(image, shown, 0.5), ", ".join(present)


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
