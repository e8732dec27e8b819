"""Over data sets that the user has prepared."""

import numpy as np
import pytest

import data
from data.crops import random_resized_box
from data.decode import decode_box, image_size
from data.resize import resize_box
from tests.data.exact import exact_crop
from tests.data.tiny import config

pytestmark = pytest.mark.data


def real(name, **changes):
    settings = config(None, name=name, **changes)
    try:
        data.describe(settings)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    return settings


def test_cifar10():
    settings = real("cifar10", image_size=32)
    about = data.describe(settings)
    assert (about.train_examples, about.eval_examples) == (50_000, 10_000)
    assert len(about.class_names) == 10
    counts = np.zeros(10, int)
    with data.eval_batches(settings, batch_size=512) as batches:
        for batch in batches:
            counts += np.bincount(batch["label"][batch["mask"]], minlength=10)
    assert counts.tolist() == [1000] * 10
    with data.train_batches(settings, seed=0, batch_size=64) as batches:
        batch = next(batches)
    assert batch["mask"].all() and 60 < batch["image"].mean() < 170


def test_imagenet():
    settings = real("imagenet2012", eval_split="validation", preprocess="imagenet", image_size=224)
    about = data.describe(settings)
    assert len(about.class_names) == 1000 and about.class_names[0] == "n01440764"
    with data.train_batches(settings, seed=0, batch_size=64) as batches:
        batch = next(batches)
    assert batch["mask"].all() and batch["image"].shape == (64, 224, 224, 3)
    assert 60 < batch["image"].mean() < 170 and batch["image"].std() > 40
    with data.eval_batches(settings, batch_size=64) as batches:
        assert next(batches)["mask"].all()


def test_imagenet_crops_are_near_the_exact_ones():
    """The pixels of training against whole decoding and float64 resizing, levels of 255."""
    settings = real("imagenet2012", eval_split="validation", preprocess="imagenet", image_size=224)
    source = data.open_source(settings.name, settings.train_split, settings.data_dir)
    full, scaled = [], []
    for index in range(min(len(source), 100)):
        encoded = source[index]["image"]
        height, width = image_size(encoded)
        random_box = random_resized_box(height, width, np.random.default_rng(index))
        # The largest square too, at half the size, so that boxes are shrunk in decoding.
        square = min(height, width)
        for box, size in ((random_box, 224), ((0, 0, square, square), square // 2)):
            pixels, inside = decode_box(encoded, box, (size, size))
            error = np.abs(
                resize_box(pixels, inside, (size, size)) - exact_crop(encoded, box, size)
            )
            (full if inside[2] == box[2] else scaled).append(error.mean())
    print(f"full {np.mean(full):.3f} ({len(full)}), scaled {np.mean(scaled):.3f} ({len(scaled)})")
    assert np.mean(full) < 0.32  # 0.25 of it is rounding
    assert np.mean(scaled) < 3
