"""Anchors: their number, places and order."""

import numpy as np
import pytest

from models.retinanet import RetinaNet
from registry import parameters
from tasks.boxes import RATIOS, make_anchors
from tests.tasks.boxes import oracle


def test_of_the_papers_images():
    anchors = make_anchors((640, 640))
    assert anchors.shape == (76_725, 4) and anchors.dtype == np.float32
    # Level 3, the cell at the corner: a square, a wide one, a tall one, the next octave's square.
    wide = [4 - 11.2, 4 - 22.4, 4 + 11.2, 4 + 22.4]
    np.testing.assert_allclose(anchors[:2], [[-12, -12, 20, 20], wide], rtol=1e-6)
    np.testing.assert_allclose(anchors[2], [4 - 22.4, 4 - 11.2, 4 + 22.4, 4 + 11.2], rtol=1e-6)
    side = 32 * 2 ** (1 / 3)
    np.testing.assert_allclose(anchors[3, 2:] - anchors[3, :2], [side, side], rtol=1e-6)
    # The next cell of the row, and the one below.
    np.testing.assert_array_equal(anchors[9], [-12, -4, 20, 28])
    np.testing.assert_array_equal(anchors[9 * 80], [-4, -12, 28, 20])
    # Level 7: the last cell.
    np.testing.assert_array_equal(anchors[-9], [576 - 256, 576 - 256, 576 + 256, 576 + 256])


def test_a_networks_cells_have_as_many():
    number = parameters(RetinaNet)["num_anchors"].default
    assert number == parameters(make_anchors)["octaves"].default * len(RATIOS)


@pytest.mark.parametrize(
    ("size", "scale", "octaves", "ratios"),
    [
        ((128, 256), 4.0, 3, RATIOS),
        ((384, 128), 4.0, 3, RATIOS),
        ((128, 128), 2.5, 1, ((1, 1),)),
        ((128, 256), 3.0, 2, ((2, 0.5), (1, 1.0))),
    ],
)
def test_they_are_those_of_plain_loops(size, scale, octaves, ratios):
    anchors = make_anchors(size, scale=scale, octaves=octaves, ratios=ratios)
    expected = oracle.anchors(size, scale, octaves, ratios)
    np.testing.assert_allclose(anchors, expected, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        ((640, 600), {}, "size must be multiples of 128 pixels, got 640x600."),
        ((0, 128), {}, "size must be multiples of 128 pixels, got 0x128."),
        ((128, 128), {"scale": 0}, "scale must be above 0, got 0."),
        ((128, 128), {"octaves": 0}, "octaves must be at least 1, got 0."),
        ((128, 128), {"ratios": ()}, r"ratios must be pairs of numbers above 0, .*, got \(\)."),
        ((128, 128), {"ratios": ((1, -1),)}, "ratios must be pairs of numbers above 0"),
        ((128, 128), {"ratios": ((1, 1, 1),)}, "ratios must be pairs of numbers above 0"),
    ],
)
def test_what_cannot_be_is_refused(size, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make_anchors(size, **options)
