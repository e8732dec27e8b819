"""Images and label maps are moved together; labels are never mixed."""

import io

import numpy as np
import pytest
from PIL import Image

from data.decode import DecodeError
from data.preprocess.segmentation import Segmentation

FIELDS = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
COLOURS = {0: (10, 10, 10), 1: (200, 30, 30), 2: (30, 200, 30)}


def png(array, mode=None):
    file = io.BytesIO()
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(file, "PNG")
    return file.getvalue()


def painted(height, width, border=0):
    """Rectangles of one colour a class, and around the second an ignored border."""
    labels = np.zeros((height, width), np.uint8)
    labels[height // 4 : height // 2, width // 8 : width // 2] = 1
    labels[height // 2 :, width // 2 :] = 2
    image = np.stack([np.vectorize(lambda c, i=i: COLOURS[c][i])(labels) for i in range(3)], -1)
    if border:
        top, left = height // 2, width // 2
        labels[top : top + border, left:] = 255
        labels[top:, left : left + border] = 255
    return {"image": png(image.astype(np.uint8)), "segmentation_label": png(labels)}


def classes_seen(image):
    """The class whose colour each pixel is nearest to; -1 between two of them."""
    distances = np.stack(
        [np.abs(image.astype(int) - np.array(colour)).max(-1) for colour in COLOURS.values()]
    )
    return np.where(distances.min(0) < 12, distances.argmin(0), -1)


@pytest.mark.parametrize("size", [(48, 64), (64, 48), (40, 96)])
def test_flips_scales_and_crops_move_image_and_labels_alike(size):
    preprocess = Segmentation(size, **FIELDS, scale_range=(0.5, 2.0))
    example = painted(60, 80, border=2)
    for seed in range(40):
        arrays = preprocess.train(example, np.random.default_rng(seed))
        labels, seen = arrays["label"], classes_seen(arrays["image"])
        assert set(np.unique(labels)) <= {0, 1, 2, 255}
        # Where the colour is pure the label is its class; the colours mix for a pixel at borders.
        pure = (seen >= 0) & (labels != 255)
        assert (seen[pure] == labels[pure]).mean() > 0.98
        assert pure.mean() > 0.1


def test_padding_is_the_mean_colour_and_ignored():
    preprocess = Segmentation((64, 64), **FIELDS, scale_range=(0.5, 0.5), ignored_label=255)
    arrays = preprocess.train(painted(40, 80), np.random.default_rng(0))
    assert (arrays["label"][16:] == 255).all() and (arrays["label"][:, 32:] == 255).all()
    assert (arrays["image"][16:] == 128).all()
    assert (arrays["label"][:16, :32] != 255).all()


def test_in_evaluation_every_pixel_of_the_original_is_judged():
    preprocess = Segmentation((32, 40), **FIELDS, label_size=(70, 90))
    example = painted(60, 80)
    arrays = preprocess.evaluate(example)
    labels = np.asarray(Image.open(io.BytesIO(example["segmentation_label"])))
    np.testing.assert_array_equal(arrays["label"][:60, :80], labels)
    assert (arrays["label"][60:] == 255).all() and (arrays["label"][:, 80:] == 255).all()
    assert arrays["sizes"].tolist() == [30, 40, 60, 80, 60, 80]
    assert arrays["image"].shape == (32, 40, 3) and (arrays["image"][30:] == 128).all()


def test_a_palette_gives_its_indices():
    labels = np.array([[0, 1], [2, 255]], np.uint8)
    image = Image.fromarray(labels)
    image.putpalette([value for colour in range(256) for value in (colour, 0, 255 - colour)])
    file = io.BytesIO()
    image.save(file, "PNG")
    example = {"image": png(np.zeros((2, 2, 3), np.uint8)), "segmentation_label": file.getvalue()}
    arrays = Segmentation((2, 2), **FIELDS).evaluate(example)
    np.testing.assert_array_equal(arrays["label"], labels)


def test_what_does_not_fit_is_refused():
    example = painted(60, 80) | {"image": png(np.zeros((60, 81, 3), np.uint8))}
    with pytest.raises(DecodeError, match="image is 81 x 60 pixels, its labels are 80 x 60"):
        Segmentation((32, 40), **FIELDS).evaluate(example)
    colours = painted(60, 80)
    with pytest.raises(DecodeError, match="does not have one label a pixel"):
        Segmentation((32, 40), **FIELDS).evaluate(
            colours | {"segmentation_label": colours["image"]}
        )
    with pytest.raises(ValueError, match=r"config\.data\.label_size must hold every label map"):
        Segmentation((32, 40), **FIELDS).evaluate(painted(60, 80))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"image_size": (0, 4)},
            "config.data.image_size must be a whole number of at least 1, got 0",
        ),
        ({"image_size": (4,)}, "config.data.image_size must be height and width in pixels"),
        ({"image_size": "big"}, "config.data.image_size must be height and width in pixels"),
        ({"scale_range": (2, 1)}, "config.data.scale_range must be two numbers above 0"),
        ({"ignored_label": 256}, "config.data.ignored_label must be a whole number from 0 to 255"),
        ({"mean": (0.5,)}, "config.data.mean must be 3 numbers"),
    ],
)
def test_bad_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Segmentation(**{"image_size": (8, 8)} | FIELDS | fields)
