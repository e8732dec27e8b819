import threading

import numpy as np
import pytest

from data import turbojpeg
from data.decode import decode, decode_box
from data.turbojpeg import decode_region
from tests.data.tiny import encode, noise, ramp

pytestmark = pytest.mark.skipif(turbojpeg._library() is None, reason="no libturbojpeg 3 here")

REGIONS = [(0, 0, 1, 1), (0, 0, 93, 141), (17, 16, 40, 33), (50, 1, 43, 140), (92, 140, 1, 1)]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("options", [{"subsampling": s} for s in (0, 1, 2)] + [{"mode": "L"}])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_region_is_the_whole_images_bit_for_bit(region, options, progressive):
    encoded = encode(noise(3, 93, 141), progressive=progressive, **options)
    top, left, height, width = region
    expected = decode(encoded)[top : top + height, left : left + width]
    np.testing.assert_array_equal(decode_region(encoded, region, 8), expected)


@pytest.mark.parametrize("eighths", [1, 2, 3, 4])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_scaled_region_is_the_whole_scaled_images(eighths, subsampling):
    encoded = encode(noise(4, 171, 253), subsampling=subsampling)
    height, width = -(-171 * eighths // 8), -(-253 * eighths // 8)
    whole = decode_region(encoded, (0, 0, height, width), eighths)
    for top, left in [(0, 0), (1, 1), (height // 2, width // 3), (height - 5, width - 5)]:
        part = decode_region(encoded, (top, left, 5, 5), eighths)
        np.testing.assert_array_equal(part, whole[top : top + 5, left : left + 5])


@pytest.mark.parametrize(
    "encoded",
    [b"", b"\xff\xd8", encode(ramp(64, 64), mode="CMYK"), encode(noise(0, 64, 64))[:700]],
    ids=["empty", "marker", "four colours", "cut"],
)
def test_what_it_cannot_do_is_none(encoded):
    assert decode_region(encoded, (32, 0, 32, 64), 8) is None


def test_threads_do_not_disturb_each_other():
    images = [encode(noise(seed, 150, 200)) for seed in range(4)]
    right = {}

    def check(seed):
        wanted = decode(images[seed])[40:90, 60:120]
        regions = [decode_region(images[seed], (40, 60, 50, 60), 8) for _ in range(50)]
        right[seed] = all(np.array_equal(region, wanted) for region in regions)

    threads = [threading.Thread(target=check, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == dict.fromkeys(range(4), True)


def test_without_the_library_the_pixels_are_the_same(monkeypatch):
    encoded, box = encode(noise(5, 120, 160)), (11, 22, 70, 90)
    pixels, inside = decode_box(encoded, box, (64, 64))
    monkeypatch.setattr("data.turbojpeg._library", lambda: None)
    without, inside_without = decode_box(encoded, box, (64, 64))
    np.testing.assert_array_equal(pixels, without)
    assert inside == inside_without == (0, 0, 70, 90)
