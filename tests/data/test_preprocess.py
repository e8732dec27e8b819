import numpy as np
import pytest

from data.crops import centre_box, random_resized_box
from data.preprocess.cifar import Cifar
from data.preprocess.digits import Digits
from data.preprocess.imagenet import Imagenet
from tests.data.tiny import encode, noise, ramp


def seen_in(height, width, box, size):
    """What :func:`ramp` shows inside the box, resized to `(size, size)`: still two ramps."""
    top, left, h, w = box
    rows = (top + (np.arange(size) + 0.5) * h / size) * (255 / height)
    columns = (left + (np.arange(size) + 0.5) * w / size) * (255 / width)
    return np.stack(np.broadcast_arrays(columns[None, :], rows[:, None], 128.0), axis=-1)


def assert_shows(image, expected):
    """Equal but for JPEG and for the edges, where a resampling filter sees nothing outside."""
    inner = (slice(4, -4), slice(4, -4))
    assert np.abs(image.astype(float) - expected)[inner].max() < 5
    assert np.abs(image.astype(float) - expected)[inner].mean() < 0.8


@pytest.mark.parametrize("height, width", [(300, 400), (1500, 1100), (90, 60), (2001, 1003)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_imagenet_train_shows_the_drawn_box_flipped_or_not(height, width, kind):
    encoded = encode(ramp(height, width), kind, quality=95)
    flips = 0
    for seed in range(12):
        image = Imagenet.train_image(encoded, 64, np.random.default_rng(seed))
        assert image.shape == (64, 64, 3) and image.dtype == np.uint8
        box = random_resized_box(height, width, np.random.default_rng(seed))
        flipped = image[0, 0, 0] > image[0, -1, 0]
        flips += flipped
        assert_shows(image[:, ::-1] if flipped else image, seen_in(height, width, box, 64))
    assert 0 < flips < 12


@pytest.mark.parametrize("height, width", [(256, 256), (375, 500), (500, 333), (40, 31)])
def test_imagenet_eval_shows_the_centre(height, width):
    image = Imagenet.eval_image(encode(ramp(height, width), "PNG"), 64)
    assert image.shape == (64, 64, 3) and image.dtype == np.uint8
    assert_shows(image, seen_in(height, width, centre_box(height, width, 64), 64))


@pytest.mark.parametrize("kind", [Cifar, Digits, Imagenet])
@pytest.mark.parametrize("height, width", [(1, 1), (1, 50), (33, 2), (700, 480)])
def test_any_image_gives_a_square_of_the_size_asked_for(kind, height, width):
    for options in ({"kind": "PNG"}, {"mode": "L"}, {"mode": "CMYK"}):
        encoded = encode(ramp(height, width), **options)
        for image in (
            kind.train_image(encoded, 24, np.random.default_rng(0)),
            kind.eval_image(encoded, 24),
        ):
            assert image.shape == (24, 24, kind.channels) and image.dtype == np.uint8


def shifted(image, most):
    """Every crop of the zero-padded image."""
    padded = np.pad(image, ((most, most), (most, most), (0, 0)))
    side = len(image)
    places = [(y, x) for y in range(2 * most + 1) for x in range(2 * most + 1)]
    return [padded[y : y + side, x : x + side].tobytes() for y, x in places]


def test_cifar_train_is_one_of_the_padded_crops_flipped_or_not():
    pixels = noise(0, 32, 32)
    encoded = encode(pixels, "PNG")
    straight = shifted(pixels, 4)
    mirrored = shifted(pixels[:, ::-1], 4)
    assert len(set(straight) | set(mirrored)) == 2 * 81
    rng = np.random.default_rng(0)
    seen = {Cifar.train_image(encoded, 32, rng).tobytes() for _ in range(2000)}
    assert seen == set(straight) | set(mirrored)


def test_cifar_eval_is_the_image():
    np.testing.assert_array_equal(
        Cifar.eval_image(encode(noise(0, 32, 32), "PNG"), 32), noise(0, 32, 32)
    )


def test_digits_are_shifted_and_never_mirrored():
    encoded = encode(noise(1, 8, 8), "PNG", mode="L")
    still = Digits.eval_image(encoded, 16)
    rng = np.random.default_rng(0)
    seen = {Digits.train_image(encoded, 16, rng).tobytes() for _ in range(500)}
    assert seen == set(shifted(still, 2))
