"""What each kind of data set does to an encoded image, in training and in evaluation.

Everything here stays uint8: the mean and deviation are applied on the device, where it is cheaper
and a quarter of the bytes travel.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from data.crops import centre_box, random_resized_box
from data.decode import decode, decode_box, image_size
from data.resize import resize_box


@dataclass(frozen=True)
class Preprocess:
    """One kind of data set.

    Attributes:
      channels: of the images that `train` and `evaluate` return.
      train: (encoded image, size, generator) -> uint8 `(size, size, channels)`.
      evaluate: (encoded image, size) -> uint8 `(size, size, channels)`.
    """

    channels: int
    train: Callable[[bytes, int, np.random.Generator], np.ndarray]
    evaluate: Callable[[bytes, int], np.ndarray]


def find_preprocess(name: str) -> Preprocess:
    """The :class:`Preprocess` called `name`.

    Raises:
      ValueError: there is none; the message names those there are and the nearest one.
    """
    if name not in PREPROCESS:
        near = difflib.get_close_matches(str(name), PREPROCESS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"data.preprocess is {name!r}, not one of {list(PREPROCESS)}{hint}")
    return PREPROCESS[name]


def imagenet_train(encoded: bytes, size: int, rng: np.random.Generator) -> np.ndarray:
    """Random-resized crop, bicubic, and a horizontal flip half the time (section 4.1)."""
    box = random_resized_box(*image_size(encoded), rng)
    return random_flip(resize_box(*decode_box(encoded, box, size), size), rng)


def imagenet_eval(encoded: bytes, size: int) -> np.ndarray:
    """Single centre crop, bicubic, from the fully decoded image (section 4.1)."""
    pixels = decode(encoded)
    return resize_box(pixels, centre_box(*pixels.shape[:2], size), size)


def cifar_train(encoded: bytes, size: int, rng: np.random.Generator) -> np.ndarray:
    """Zero padding by an eighth (4 pixels of 32), random crop, flip half the time."""
    return random_flip(random_shift(cifar_eval(encoded, size), size // 8, rng), rng)


def cifar_eval(encoded: bytes, size: int) -> np.ndarray:
    """The image, resized only where the data set has another size."""
    return _resize(decode(encoded), size)


def digits_train(encoded: bytes, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random shift by up to an eighth. No flip: a mirrored digit is none."""
    return random_shift(digits_eval(encoded, size), size // 8, rng)


def digits_eval(encoded: bytes, size: int) -> np.ndarray:
    """The one-channel image, enlarged bilinearly."""
    return _resize(decode(encoded, channels=1), size)


PREPROCESS = {
    "imagenet": Preprocess(3, imagenet_train, imagenet_eval),
    "cifar": Preprocess(3, cifar_train, cifar_eval),
    "digits": Preprocess(1, digits_train, digits_eval),
}


def random_flip(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`(height, width, channels)` with left and right swapped half the time."""
    if rng.random() >= 0.5:
        return image
    # As whole pixels: NumPy takes three times as long to turn around their bytes.
    pixels = np.ascontiguousarray(image).view(f"V{image.shape[2] * image.itemsize}")
    return pixels[:, ::-1].copy().view(image.dtype)


def random_shift(image: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """`(height, width, channels)` moved by up to `most` pixels each way, zeros moving in.

    The same as padding by `most` zeros and cropping the original size at random.
    """
    height, width, channels = image.shape
    padded = np.zeros((height + 2 * most, width + 2 * most, channels), image.dtype)
    padded[most : most + height, most : most + width] = image
    top, left = int(rng.integers(2 * most + 1)), int(rng.integers(2 * most + 1))
    return padded[top : top + height, left : left + width]


def _resize(image: np.ndarray, size: int) -> np.ndarray:
    if image.shape[:2] == (size, size):
        return image
    pixels = image[:, :, 0] if image.shape[2] == 1 else image
    resized = np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))
    return resized.reshape(size, size, image.shape[2])
