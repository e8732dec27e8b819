"""AutoAugment's operations on one RGB image.

Each is `operation(image, amount) -> image`, Pillow images of one size and mode RGB. Geometry
takes the nearest pixel and fills with grey.

Source: Cubuk et al. 2019 (AutoAugment, arXiv 1805.09501), Table 6; solarize_add: the same authors'
ImageNet code in the repository tensorflow/tpu.
"""

from PIL import Image, ImageEnhance, ImageOps

FILL = (128, 128, 128)


def rotate(image: Image.Image, degrees: float) -> Image.Image:
    """Counter-clockwise about the centre."""
    return image.rotate(degrees, fillcolor=FILL)


def shear_x(image: Image.Image, rate: float) -> Image.Image:
    """Rows shifted to the left by `rate` times their distance from the top."""
    return _affine(image, (1, rate, 0, 0, 1, 0))


def shear_y(image: Image.Image, rate: float) -> Image.Image:
    """Columns shifted up by `rate` times their distance from the left."""
    return _affine(image, (1, 0, 0, rate, 1, 0))


def translate_x(image: Image.Image, share: float) -> Image.Image:
    """To the left by a share of the width, in whole pixels."""
    return _affine(image, (1, 0, int(share * image.width), 0, 1, 0))


def translate_y(image: Image.Image, share: float) -> Image.Image:
    """Up by a share of the height, in whole pixels."""
    return _affine(image, (1, 0, 0, 0, 1, int(share * image.height)))


def color(image: Image.Image, factor: float) -> Image.Image:
    """0 is grey, 1 the image, above 1 more colourful."""
    return ImageEnhance.Color(image).enhance(factor)


def contrast(image: Image.Image, factor: float) -> Image.Image:
    """0 is the mean grey everywhere, 1 the image."""
    return ImageEnhance.Contrast(image).enhance(factor)


def brightness(image: Image.Image, factor: float) -> Image.Image:
    """0 is black, 1 the image."""
    return ImageEnhance.Brightness(image).enhance(factor)


def sharpness(image: Image.Image, factor: float) -> Image.Image:
    """0 is smoothed, 1 the image."""
    return ImageEnhance.Sharpness(image).enhance(factor)


def posterize(image: Image.Image, bits: float) -> Image.Image:
    """Keeps the upper `int(bits)` bits of every value, at least one.

    ImageNet's policy has a sub-policy of 0 bits. TensorFlow's shift of 8 in the authors' code
    is one of 7: what it trained with is 1 bit, not black images.
    """
    return ImageOps.posterize(image, max(1, int(bits)))


def solarize(image: Image.Image, threshold: float) -> Image.Image:
    """Inverts the values of at least `int(threshold)`."""
    return ImageOps.solarize(image, int(threshold))


def solarize_add(image: Image.Image, addition: float) -> Image.Image:
    """Adds `int(addition)` to the values below 128."""
    table = [min(255, value + int(addition)) if value < 128 else value for value in range(256)]
    return image.point(table * 3)


def invert(image: Image.Image, amount: float) -> Image.Image:
    """255 minus every value; `amount` means nothing."""
    return ImageOps.invert(image)


def equalize(image: Image.Image, amount: float) -> Image.Image:
    """A flat histogram in every channel; `amount` means nothing."""
    return ImageOps.equalize(image)


def auto_contrast(image: Image.Image, amount: float) -> Image.Image:
    """Every channel stretched to 0 and 255; `amount` means nothing."""
    return ImageOps.autocontrast(image)


def _affine(image: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, matrix, fillcolor=FILL)
