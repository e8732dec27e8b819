import numpy as np
import pytest
from PIL import Image

from data.resize import resize_box
from tests.data.exact import exact_resize
from tests.data.tiny import noise


@pytest.mark.parametrize("side", [(224, 224), (500, 333), (90, 400), (57, 31), (1, 1), (3, 700)])
def test_it_is_antialiased_bicubic(side):
    pixels = noise(0, *side)
    error = resize_box(pixels, (0, 0, *side), (64, 64)) - exact_resize(pixels, 64)
    # Rounding once costs 0.25. Noise is the worst case: here it is also clipped between the axes.
    assert np.abs(error).mean() < 0.4 and abs(error.mean()) < 0.1


def test_it_is_as_near_to_the_exact_result_as_pillow():
    pixels = np.asarray(Image.fromarray(noise(1, 40, 50)).resize((500, 400)))
    exact = exact_resize(pixels, 224)
    pillow = np.asarray(Image.fromarray(pixels).resize((224, 224), Image.Resampling.BICUBIC))
    ours = resize_box(pixels, (0, 0, 400, 500), (224, 224))
    assert np.abs(ours - exact).mean() < 1.05 * np.abs(pillow - exact).mean()


@pytest.mark.parametrize("box", [(20, 30, 50, 80), (20.5, 30.25, 49.5, 79.25)])
def test_pixels_outside_the_box_do_not_count(box):
    pixels = noise(2, 100, 140)
    blank = np.zeros_like(pixels)
    blank[20:70, 30:110] = pixels[20:70, 30:110]
    np.testing.assert_array_equal(
        resize_box(pixels, box, (32, 32)), resize_box(blank, box, (32, 32))
    )
