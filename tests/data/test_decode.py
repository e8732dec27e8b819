import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from data import turbojpeg
from data.decode import decode, decode_box, decode_labels, image_size
from data.errors import DecodeError
from data.limits import MAX_PIXELS
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
        decode_box(encoded, (40, 0, 24, 64), (4, 4))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_image_size_is_the_decoded_size(kind):
    for height, width in [(1, 1), (3, 200), (77, 9)]:
        assert image_size(encode(ramp(height, width), kind)) == (height, width)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("box", [(0, 0, 200, 300), (3, 5, 160, 120), (99, 0, 101, 64)])
@pytest.mark.parametrize("size", [1, 12, 32, 33, 60, 61, 400])
def test_a_decoded_box_is_large_enough_and_shows_the_same(kind, box, size):
    encoded = encode(ramp(200, 300), kind, quality=95)
    pixels, (top, left, height, width) = decode_box(encoded, box, (size, size))
    assert height >= min(size, box[2]) and width >= min(size, box[3])
    assert 0 <= top < 1 and 0 <= left < 1
    assert pixels.shape[0] >= top + height and pixels.shape[1] >= left + width
    scale = height / box[2]
    rows = (np.arange(pixels.shape[0]) + 0.5 - top) / scale + box[0]
    columns = (np.arange(pixels.shape[1]) + 0.5 - left) / scale + box[1]
    assert np.abs(pixels[:, :, 1] - rows[:, None] * (255 / 200)).mean() < 1.5
    assert np.abs(pixels[:, :, 0] - columns * (255 / 300)).mean() < 1.5


def test_a_large_box_is_decoded_smaller():
    pixels, _ = decode_box(encode(ramp(1000, 1200)), (0, 0, 1000, 1200), (224, 224))
    # A library that decodes parts decodes smaller ones; without, the image comes whole.
    assert pixels.shape[0] == (1000 if turbojpeg._library() is None else 250)


def saved(image, kind="PNG", **options):
    """The file of a Pillow image."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width, height, depth, colour, rows=b""):
    """A PNG by hand, of kinds that Pillow does not write."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


RAMP16 = np.arange(65536, dtype=np.uint16).reshape(256, 256)


@pytest.mark.parametrize(
    "encoded",
    [
        saved(Image.fromarray(RAMP16)),
        saved(Image.fromarray(RAMP16), "TIFF"),
        saved(Image.frombytes("I;16B", (256, 256), RAMP16.astype(">u2").tobytes()), "TIFF"),
        saved(Image.fromarray(RAMP16), "PPM"),
    ],
    ids=["PNG", "TIFF", "TIFF big-endian", "PGM"],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_of_16_bit_grey_the_upper_8_are_kept(encoded, channels):
    expected = np.repeat((RAMP16 >> 8)[:, :, None], channels, axis=2)
    np.testing.assert_array_equal(decode(encoded, channels), expected)


@pytest.mark.parametrize(("colour", "samples"), [(2, 3), (4, 2), (6, 4)])
def test_of_16_bits_in_colour_or_with_transparency_too(colour, samples):
    values = np.array([0x1234, 0x80FF, 0xFEDC, 0x8000], ">u2")[:samples]
    (pixel,) = decode(png(1, 1, 16, colour, b"\0" + values.tobytes()))[0]
    assert pixel.tolist() == ([0x12] * 3 if samples == 2 else [0x12, 0x80, 0xFE])


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (Image.new("1", (2, 2), 1), "PNG", [255, 255, 255]),
        (Image.new("LA", (2, 2), (70, 0)), "PNG", [70, 70, 70]),
        (Image.new("RGBA", (2, 2), (10, 20, 30, 0)), "PNG", [10, 20, 30]),
        (Image.new("RGBA", (2, 2), (10, 20, 30, 255)), "WEBP", None),
        (Image.new("RGB", (2, 2), (10, 20, 30)), "BMP", [10, 20, 30]),
        (Image.new("RGB", (2, 2), (10, 20, 30)), "GIF", [10, 20, 30]),
        (Image.new("RGB", (2, 2), (10, 20, 30)), "TIFF", [10, 20, 30]),
        (Image.new("RGB", (2, 2), (10, 20, 30)), "AVIF", None),
        (Image.new("CMYK", (2, 2), (255, 255, 255, 0)), "TIFF", [0, 0, 0]),
        (Image.new("YCbCr", (2, 2), (99, 128, 128)), "TIFF", [99, 99, 99]),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_every_mode_that_has_colours(image, kind, expected):
    pixels = decode(saved(image, kind))
    assert pixels.shape == (2, 2, 3) and pixels.dtype == np.uint8
    assert expected is None or pixels[0, 0].tolist() == expected
    assert decode(saved(image, kind), channels=1).shape == (2, 2, 1)


@pytest.mark.parametrize("transparency", [1, bytes([0, 128, 255])])
def test_transparency_of_a_palette_is_dropped_without_a_warning(transparency):
    image = Image.new("P", (2, 2), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    pixels = decode(saved(image, transparency=transparency))
    assert pixels[0, 0].tolist() == [200, 100, 50]


@pytest.mark.parametrize(
    ("image", "named"),
    [
        (Image.fromarray(np.full((2, 2), 0.5, np.float32)), "mode F"),
        (Image.fromarray(np.full((2, 2), 70_000, np.int32)), "mode I"),
        (Image.new("LAB", (2, 2)), "LAB"),
    ],
)
def test_what_has_no_colours_is_refused_by_name(image, named):
    with pytest.raises(DecodeError, match=named):
        decode(saved(image, "TIFF"), channels=1)


def jpeg_header(width, height):
    """A JPEG of 16 by 16 pixels that claims to be larger."""
    whole = bytearray(encode(ramp(16, 16)))
    start = whole.index(b"\xff\xc0") + 5
    whole[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(whole)


def bomb(kind, side):
    """A small file whose header says `side` by `side` pixels."""
    if kind == "JPEG":
        return jpeg_header(side, side)
    if kind == "PNG":
        return png(side, side, 8, 2, bytes(100))
    file = bytearray(saved(Image.new("RGB", (300, 200), 9), kind))
    wide, high = {"GIF": ("<H", "<H"), "BMP": ("<i", "<i"), "TIFF": ("<I", "<I")}[kind]
    for old, form in ((300, wide), (200, high)):
        assert struct.pack(form, old) in file
        file = file.replace(struct.pack(form, old), struct.pack(form, side))
    return bytes(file)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF"])
def test_a_giant_size_is_refused_from_the_header(kind):
    encoded = bomb(kind, 30_000)
    assert len(encoded) < 200_000
    started = time.process_time()
    for function in (decode, image_size, decode_labels):
        with pytest.raises(DecodeError, match=rf"30000 x 30000 = 900,000,000.*{MAX_PIXELS:,}"):
            function(encoded)
    with pytest.raises(DecodeError):
        decode_box(encoded, (0, 0, 30_000, 30_000), (30_000, 30_000))
    assert time.process_time() - started < 1


def test_the_largest_webp_is_over_the_limit():
    # 16383 pixels each way fit into its 14 bits.
    encoded = bytearray(saved(Image.new("RGB", (64, 64)), "WEBP"))
    place = encoded.index(b"\x9d\x01\x2a") + 3
    encoded[place : place + 4] = struct.pack("<HH", 16383, 16383)
    started = time.process_time()
    with pytest.raises(DecodeError):
        decode(bytes(encoded))
    assert time.process_time() - started < 1


def test_a_jpeg_too_small_for_the_size_that_it_claims_is_refused_at_once():
    started = time.process_time()
    with pytest.raises(DecodeError, match="bytes are not a whole JPEG of 10000 x 10000 pixels"):
        decode(jpeg_header(10_000, 10_000))
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_emptiest_jpegs_are_taken(progressive, mode):
    image = Image.new(mode, (4096, 4096))
    encoded = saved(image, "JPEG", quality=1, optimize=True, progressive=progressive)
    assert decode(encoded).max() <= 1


def test_an_image_below_the_limit_is_decoded_without_a_warning():
    """Pillow itself warns from 89 million pixels on; warnings are errors in this suite."""
    assert decode(saved(Image.new("1", (10_000, 9_500))), channels=1).shape == (9_500, 10_000, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("left", [0.1, 0.5, 0.9])
def test_cut_files_are_refused(kind, left):
    encoded = encode(noise(0, 64, 64), kind)
    with pytest.raises(DecodeError):
        decode(encoded[: int(len(encoded) * left)])


def test_a_program_is_no_image():
    """Pillow would have Ghostscript run it."""
    with pytest.raises(DecodeError, match="not an image"):
        decode(saved(Image.new("RGB", (4, 4)), "EPS"))


def test_labels_are_the_values_as_they_are_stored():
    values = np.array([[0, 1, 255], [3, 2, 0]], np.uint8)
    palette = Image.fromarray(values, "L").convert("P")
    palette.putdata(values.flatten())
    palette.putpalette(list(range(255, -1, -1)) * 3)
    for image in (Image.fromarray(values), palette):
        np.testing.assert_array_equal(decode_labels(saved(image)), values)
    wide = values.astype(np.uint16) * 257
    np.testing.assert_array_equal(decode_labels(saved(Image.fromarray(wide))), wide)
    assert decode_labels(saved(Image.fromarray(values > 0))).tolist() == (values > 0).tolist()
    with pytest.raises(DecodeError, match="mode RGB does not have one label a pixel"):
        decode_labels(saved(Image.new("RGB", (2, 2))))
