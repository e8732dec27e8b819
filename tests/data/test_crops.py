import numpy as np
import pytest

from data.crops import centre_box, pixels_around, random_resized_box, random_window

SIZES = [(224, 224), (375, 500), (500, 333), (1, 1), (7, 2), (60, 61), (3000, 200), (40, 1000)]


@pytest.mark.parametrize("height, width", SIZES)
def test_random_boxes_lie_inside_and_have_the_allowed_area_and_shape(height, width):
    rng = np.random.default_rng(0)
    for _ in range(300):
        top, left, h, w = random_resized_box(height, width, rng)
        assert 0 <= top <= top + h <= height and 0 <= left <= left + w <= width
        assert h > 0 and w > 0
        # Rounding to whole pixels moves each side by half a pixel at most.
        assert 3 / 4 * (h - 0.5) <= w + 0.5 and w - 0.5 <= 4 / 3 * (h + 0.5)
        if 3 / 4 <= width / height <= 4 / 3:
            assert (h + 0.5) * (w + 0.5) >= 0.08 * height * width


@pytest.mark.parametrize("height, width", [(3000, 200), (40, 1000)])
def test_an_image_too_long_for_any_draw_gives_the_largest_centred_box(height, width):
    area = (0.9, 1.0)  # no box of this area and an allowed shape fits
    top, left, h, w = random_resized_box(height, width, np.random.default_rng(0), area)
    assert min(h, w) == min(height, width)
    assert abs(max(h / w, w / h) - 4 / 3) < 0.02
    assert abs(2 * top + h - height) <= 1 and abs(2 * left + w - width) <= 1


@pytest.mark.statistical
def test_random_boxes_are_spread_over_areas_shapes_and_places():
    rng = np.random.default_rng(0)
    count, side = 4000, 1000
    boxes = np.array([random_resized_box(side, side, rng) for _ in range(count)])
    top, left, h, w = boxes.T
    # The shape is symmetric on a log scale; the place is symmetric; five standard deviations.
    spread = np.log(4 / 3) / np.sqrt(3)
    assert abs(np.log(w / h).mean()) < 5 * spread / np.sqrt(count)
    for offset, length in [(top, h), (left, w)]:
        centres = (offset + length / 2) / side - 0.5
        assert abs(centres.mean()) < 5 * centres.std() / np.sqrt(count)
    shares = h * w / side**2
    assert shares.min() < 0.1 and shares.max() > 0.9
    # Uniform below 3/4, where every shape fits: as many boxes in each third of 0.08 to 0.74.
    counts = np.histogram(shares, [0.08, 0.30, 0.52, 0.74])[0]
    expected = counts.mean()
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected))


@pytest.mark.parametrize("height, width", SIZES)
@pytest.mark.parametrize("size", [224, 160, 32])
def test_centre_box_is_the_padded_centre_crop(height, width, size):
    top, left, h, w = centre_box(height, width, size)
    ideal = min(height, width) * size / (size + 32)
    assert h == w and h >= 1 and (ideal - 1 < h <= ideal or h == 1)
    for offset, inner, outer in [(top, h, height), (left, w, width)]:
        assert offset in ((outer - inner) // 2, (outer - inner + 1) // 2)


def test_centre_box_of_a_256_pixel_image():
    assert centre_box(256, 256, 224) == (16, 16, 224, 224)
    assert centre_box(256, 384, 224) == (16, 80, 224, 224)


@pytest.mark.parametrize("height, width", SIZES)
@pytest.mark.parametrize("size", [(128, 128), (64, 200), (1, 1)])
def test_random_windows_lie_inside_the_image_to_the_last_digit(height, width, size):
    rng = np.random.default_rng(0)
    for scale in rng.uniform(0.5, 3, 200) * min(size[0] / height, size[1] / width):
        window = random_window(height, width, scale, size, rng)
        assert window.size == tuple(min(pair) for pair in zip(window.scaled, size, strict=True))
        top, left, rows, columns = pixels_around(window.box_in(height, width))
        assert 0 <= top < top + rows <= height and 0 <= left < left + columns <= width
        if window.size == window.scaled:
            assert (top, left, rows, columns) == (0, 0, height, width)
