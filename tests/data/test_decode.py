import numpy as np
import pytest
from PIL import Image

from data import turbojpeg
from data.decode import DecodeError, decode, decode_box, image_size
from tests.data.tiny import encode, noise, ramp

SMOOTH = ramp(90, 140)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_colour_jpeg(subsampling):
    pixels = decode(encode(SMOOTH, quality=95, subsampling=subsampling))
    assert pixels.shape == SMOOTH.shape and pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - SMOOTH).mean() < 2


def test_progressive_jpeg():
    pixels = decode(encode(SMOOTH, quality=95, progressive=True))
    assert np.abs(pixels.astype(int) - SMOOTH).mean() < 2


def test_cmyk_jpeg_has_the_colours_of_the_image():
    pixels = decode(encode(SMOOTH, mode="CMYK", quality=95))
    assert pixels.shape == SMOOTH.shape
    assert np.abs(pixels.astype(int) - SMOOTH).mean() < 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_grey_image_has_three_equal_channels_or_one(kind):
    encoded = encode(SMOOTH, kind, mode="L")
    three, one = decode(encoded), decode(encoded, channels=1)
    assert three.shape == SMOOTH.shape and one.shape == (*SMOOTH.shape[:2], 1)
    np.testing.assert_array_equal(three, np.repeat(one, 3, axis=-1))


def test_png_is_exact_whatever_it_is_called():
    np.testing.assert_array_equal(decode(encode(SMOOTH, "PNG")), SMOOTH)


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "1"])
def test_other_png_modes_become_rgb(mode):
    assert decode(encode(SMOOTH, "PNG", mode=mode)).shape == SMOOTH.shape


def test_exif_rotation_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    encoded = encode(SMOOTH, exif=exif)
    assert decode(encoded).shape == SMOOTH.shape
    assert image_size(encoded) == SMOOTH.shape[:2]


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\xff\xd8",
        b"not an image",
        encode(noise(0, 64, 64))[:700],
        encode(noise(0, 64, 64), "PNG")[:5000],
        bytes(2000),
    ],
    ids=["empty", "jpeg marker", "text", "cut jpeg", "cut png", "zeros"],
)
def test_broken_bytes_raise_decode_error(encoded):
    with pytest.raises(DecodeError):
        decode(encoded)
    with pytest.raises(DecodeError):
        decode_box(encoded, (40, 0, 24, 64), 4)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_image_size_is_the_decoded_size(kind):
    for height, width in [(1, 1), (3, 200), (77, 9)]:
        assert image_size(encode(ramp(height, width), kind)) == (height, width)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("box", [(0, 0, 200, 300), (3, 5, 160, 120), (99, 0, 101, 64)])
@pytest.mark.parametrize("size", [1, 12, 32, 33, 60, 61, 400])
def test_a_decoded_box_is_large_enough_and_shows_the_same(kind, box, size):
    encoded = encode(ramp(200, 300), kind, quality=95)
    pixels, (top, left, height, width) = decode_box(encoded, box, size)
    assert height >= min(size, box[2]) and width >= min(size, box[3])
    assert 0 <= top < 1 and 0 <= left < 1
    assert pixels.shape[0] >= top + height and pixels.shape[1] >= left + width
    scale = height / box[2]
    rows = (np.arange(pixels.shape[0]) + 0.5 - top) / scale + box[0]
    columns = (np.arange(pixels.shape[1]) + 0.5 - left) / scale + box[1]
    assert np.abs(pixels[:, :, 1] - rows[:, None] * (255 / 200)).mean() < 1.5
    assert np.abs(pixels[:, :, 0] - columns * (255 / 300)).mean() < 1.5


def test_a_large_box_is_decoded_smaller():
    pixels, _ = decode_box(encode(ramp(1000, 1200)), (0, 0, 1000, 1200), 224)
    # A library that decodes parts decodes smaller ones; without, the image comes whole.
    assert pixels.shape[0] == (1000 if turbojpeg._library() is None else 250)
