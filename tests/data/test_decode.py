import numpy as np
import pytest
from PIL import Image

from data.decode import DecodeError, decode, decode_at_least, image_size
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
        decode_at_least(encoded, 4, 4)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_image_size_is_the_decoded_size(kind):
    for height, width in [(1, 1), (3, 200), (77, 9)]:
        assert image_size(encode(ramp(height, width), kind)) == (height, width)


@pytest.mark.parametrize(
    "smallest", [(1, 1), (60, 10), (101, 150), (75.2, 3), (200, 300), (201, 5)]
)
def test_scaled_decoding_is_large_enough_and_shows_the_same(smallest):
    encoded = encode(ramp(200, 300), quality=95)
    full, scaled = decode(encoded), decode_at_least(encoded, *smallest)
    for axis in (0, 1):
        assert scaled.shape[axis] >= min(smallest[axis], full.shape[axis])
    expected = Image.fromarray(full).resize(scaled.shape[1::-1], Image.Resampling.BOX)
    assert np.abs(scaled.astype(int) - np.asarray(expected)).mean() < 1.5


def test_scaled_decoding_does_make_large_images_smaller():
    assert decode_at_least(encode(ramp(1000, 1200)), 224, 224).shape[0] <= 500
