"""Anchors: the boxes that a RetinaNet's results are relative to.

As the DropBlock paper's code has them (tensorflow/tpu of October 2018, ``anchors.py``).
"""

from collections.abc import Sequence

import numpy as np

#: Strides of levels 3 to 7, in pixels.
STRIDES = (8, 16, 32, 64, 128)
#: Width and height of an anchor by the side of its octave. Their product is 0.98 where a square's
#: is 1.
RATIOS = ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4))


def make_anchors(
    size: tuple[int, int],
    *,
    scale: float = 4.0,
    octaves: int = 3,
    ratios: Sequence[tuple[float, float]] = RATIOS,
) -> np.ndarray:
    """Makes the anchors of an image.

    Their centres are those of the cells. Anchors that cross the image's border are neither clipped
    nor left out.

    Args:
      size: height and width of the image, multiples of 128.
      scale: side of the smallest square anchor, in strides.
      octaves: number of sides in an octave: scale * 2 ** (i / octaves) strides each.
      ratios: (width, height) of the anchors by their side.

    Returns:
      (anchors, 4) float32; order: level, row, column, octave, ratio.

    Raises:
      ValueError: a value that is not allowed; one line that begins with the argument's name.
    """
    check_anchors(size, scale=scale, octaves=octaves, ratios=ratios)
    sides = scale * 2.0 ** (np.arange(octaves) / octaves)
    width, height = np.asarray(ratios, np.float64).T
    # Half the extents of a cell's anchors: (anchors of a cell, 2), vertical first, in strides.
    half = 0.5 * (sides[:, None, None] * np.stack([height, width], axis=-1)).reshape(-1, 2)
    levels = []
    for stride in STRIDES:
        rows, columns = (np.arange(stride / 2, side, stride) for side in size)
        centres = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)[:, :, None]
        corners = [centres - stride * half, centres + stride * half]
        levels.append(np.concatenate(corners, axis=-1).reshape(-1, 4))
    return np.concatenate(levels).astype(np.float32)


def check_anchors(
    size: tuple[int, int], *, scale: float, octaves: int, ratios: Sequence[tuple[float, float]]
) -> None:
    """Refuses arguments that :func:`make_anchors` cannot use.

    Raises:
      ValueError: one line that begins with the argument's name.
    """
    for side in size:
        if side < 1 or side % STRIDES[-1]:
            raise ValueError(
                f"size must be multiples of {STRIDES[-1]} pixels, got {'x'.join(map(str, size))}."
            )
    if not 0 < scale < float("inf"):
        raise ValueError(f"scale must be above 0, got {scale}.")
    if octaves < 1:
        raise ValueError(f"octaves must be at least 1, got {octaves}.")
    pairs = [tuple(ratio) for ratio in ratios]
    if not pairs or any(len(pair) != 2 or min(pair) <= 0 for pair in pairs):
        raise ValueError(f"ratios must be pairs of numbers above 0, at least one, got {ratios}.")
