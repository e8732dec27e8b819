"""Colours that tell classes apart."""

import colorsys

import numpy as np

#: Of pixels that do not count.
IGNORED = (128, 128, 128)
#: Of what is as it should be.
RIGHT = (40, 170, 60)
#: A step between hues of which no few repeat: 360 degrees over the golden ratio.
_TURN = 0.618034
#: (saturation, value); never grey.
_SHADES = ((0.85, 0.95), (0.55, 0.75), (0.95, 0.6))


def palette(classes: int) -> np.ndarray:
    """Makes a colour for each class, always the same ones in the same order: uint8 (classes, 3)."""
    colours = [
        colorsys.hsv_to_rgb(index * _TURN % 1, *_SHADES[index % len(_SHADES)])
        for index in range(classes)
    ]
    return np.round(255 * np.array(colours).reshape(classes, 3)).astype(np.uint8)


def colour_labels(labels: np.ndarray, classes: int) -> np.ndarray:
    """Paints a map of labels: uint8 (height, width, 3); labels outside the classes are grey."""
    colours = np.concatenate([palette(classes), np.array([IGNORED], np.uint8)])
    return colours[np.where(labels < classes, labels, classes)]
