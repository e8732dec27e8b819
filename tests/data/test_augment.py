"""AutoAugment operation by operation, its policies by counting, and Cutout."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

import data
from data import augment, autoaugment, image_ops
from data.cutout import cutout
from tests.data.tiny import config, noise, numbered, ramp, write_tiny


def apply(operation, pixels, amount=0.0):
    return np.asarray(operation(Image.fromarray(pixels), amount))


def by_hand(size, source):
    """The image whose pixel (row, column) is `ramp`'s at `source(row, column)`, grey outside."""
    pixels = np.full((size, size, 3), 128, np.uint8)
    original = ramp(size, size)
    for row, column in itertools.product(range(size), repeat=2):
        r, c = source(row, column)
        if 0 <= r < size and 0 <= c < size:
            pixels[row, column] = original[int(r), int(c)]
    return pixels


def turned(degrees):
    """Where each pixel of an 8x8 image comes from when it is turned counter-clockwise."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def source(row, column):
        y, x = row - 3.5, column - 3.5
        return np.floor(cos * y + sin * x + 4), np.floor(cos * x - sin * y + 4)

    return source


# Pillow samples pixel centres: a shear moves row r by rate * (r + 0.5).
@pytest.mark.parametrize(
    ("operation", "amount", "source"),
    [
        (image_ops.translate_x, 0.25, lambda r, c: (r, c + 2)),
        (image_ops.translate_x, -0.25, lambda r, c: (r, c - 2)),
        (image_ops.translate_y, 0.3, lambda r, c: (r + 2, c)),
        (image_ops.shear_x, 0.3, lambda r, c: (r, np.floor(c + 0.5 + 0.3 * (r + 0.5)))),
        (image_ops.shear_x, -0.3, lambda r, c: (r, np.floor(c + 0.5 - 0.3 * (r + 0.5)))),
        (image_ops.shear_y, 0.21, lambda r, c: (np.floor(r + 0.5 + 0.21 * (c + 0.5)), c)),
        (image_ops.shear_y, -0.21, lambda r, c: (np.floor(r + 0.5 - 0.21 * (c + 0.5)), c)),
        (image_ops.rotate, 24, turned(24)),
        (image_ops.rotate, 90, lambda r, c: (c, 7 - r)),
        (image_ops.rotate, -90, lambda r, c: (7 - c, r)),
    ],
)
def test_geometry_by_hand(operation, amount, source):
    np.testing.assert_array_equal(apply(operation, ramp(8, 8), amount), by_hand(8, source))


def test_values_by_hand():
    pixels = noise(0)
    np.testing.assert_array_equal(apply(image_ops.invert, pixels), 255 - pixels)
    np.testing.assert_array_equal(apply(image_ops.posterize, pixels, 2.9), pixels & 0b11000000)
    np.testing.assert_array_equal(apply(image_ops.posterize, pixels, 0.8), pixels & 128)
    solarized = np.where(pixels < 204, pixels, 255 - pixels)
    np.testing.assert_array_equal(apply(image_ops.solarize, pixels, 204.8), solarized)
    wide = pixels.astype(int)
    added = np.where(wide < 128, np.minimum(wide + 77, 255), wide)
    np.testing.assert_array_equal(apply(image_ops.solarize_add, pixels, 77.0), added)
    for factor in (0.1, 1.0, 1.9):
        brighter = np.clip(wide * factor, 0, 255)
        assert np.abs(apply(image_ops.brightness, pixels, factor) - brighter).max() <= 1
    # ITU-R 601 luma, which Pillow's greys are.
    grey = (wide @ [0.299, 0.587, 0.114])[..., None]
    coloured = np.clip(grey + 1.9 * (wide - grey), 0, 255)
    assert np.abs(apply(image_ops.color, pixels, 1.9) - coloured).max() <= 2
    contrasted = np.clip(grey.mean() + 0.1 * (wide - grey.mean()), 0, 255)
    assert np.abs(apply(image_ops.contrast, pixels, 0.1) - contrasted).max() <= 2
    low, high = wide.min(axis=(0, 1)), wide.max(axis=(0, 1))
    stretched = (wide - low) * 255 / (high - low)
    assert np.abs(apply(image_ops.auto_contrast, pixels) - stretched).max() <= 1


def test_against_pillow():
    pixels = noise(1, 16, 16)
    image = Image.fromarray(pixels)
    np.testing.assert_array_equal(apply(image_ops.equalize, pixels), ImageOps.equalize(image))
    sharper = ImageEnhance.Sharpness(image).enhance(1.9)
    np.testing.assert_array_equal(apply(image_ops.sharpness, pixels, 1.9), sharper)


@pytest.mark.parametrize(
    ("name", "magnitude", "amount"),
    [
        ("rotate", 8, 24),
        ("shear_y", 4, 0.12),
        ("far_translate_y", 9, 225 / 331),
        ("translate_x", 8, 120 / 331),
        ("color", 9, 1.72),
        ("sharpness", 1, 0.28),
        ("posterize", 7, 6.8),
        ("coarse_posterize", 6, 2.4),
        ("solarize", 3, 76.8),
        ("solarize_add", 7, 77),
    ],
)
def test_magnitudes(name, magnitude, amount):
    assert autoaugment.OPERATIONS[name].amount(magnitude) == pytest.approx(amount)


@pytest.mark.parametrize("name", ["imagenet", "cifar10"])
def test_policies_run_whole(name):
    policy = autoaugment.POLICIES[name]
    assert len(policy) == 25
    assert all(len(steps) == 2 for steps in policy)
    for size, steps in itertools.product((32, 224), policy):
        certain = (tuple((operation, 1.0, magnitude) for operation, _, magnitude in steps),)
        image = autoaugment.autoaugment(noise(2, size, size), certain, np.random.default_rng(0))
        assert image.shape == (size, size, 3)
        assert image.dtype == np.uint8


@pytest.mark.statistical
def test_sub_policies_operations_and_signs_by_counting(monkeypatch):
    """Five binomial standard deviations of what the policy says."""
    calls = []

    def spy(name):
        original = autoaugment.OPERATIONS[name]

        def record(image, amount):
            calls.append((name, amount))
            return image

        return autoaugment.Operation(record, original.amount, original.signed)

    monkeypatch.setattr(
        autoaugment, "OPERATIONS", {name: spy(name) for name in autoaugment.OPERATIONS}
    )
    policy, rng, count = autoaugment.POLICIES["imagenet"], np.random.default_rng(0), 20_000
    for _ in range(count):
        autoaugment.autoaugment(noise(0, 2, 2), policy, rng)

    def check(seen, probability, trials):
        deviation = (probability * (1 - probability) * trials) ** 0.5
        assert abs(seen - probability * trials) < 5 * deviation

    names = [name for name, _ in calls]
    for name in set(names):
        mean = sum(p for steps in policy for operation, p, _ in steps if operation == name) / 25
        if mean < 0.2:  # else an image may have it twice, and the count is not binomial
            check(names.count(name), mean, count)
    degrees = [amount for name, amount in calls if name == "rotate" and amount]
    check(sum(d < 0 for d in degrees), 0.5, len(degrees))
    far = [abs(amount) for name, amount in calls if name == "far_translate_y"]
    check(len(far), 0.8 / 25, count)


@pytest.mark.statistical
def test_every_sub_policy_is_as_likely_and_its_steps_are_independent(monkeypatch):
    """Five binomial standard deviations, over 25 sub-policies of names of their own."""
    calls, count = [], 20_000

    def operation(name):
        return autoaugment.Operation(lambda image, amount: calls.append(name) or image)

    policy = tuple(((f"a{i}", 0.3, 5), (f"b{i}", 0.6, 5)) for i in range(25))
    names = [name for steps in policy for name, _, _ in steps]
    monkeypatch.setattr(autoaugment, "OPERATIONS", {name: operation(name) for name in names})
    rng, both = np.random.default_rng(0), 0
    for _ in range(count):
        before = len(calls)
        autoaugment.autoaugment(noise(0, 2, 2), policy, rng)
        both += len(calls) - before == 2
    for seen, probability in [
        *((calls.count(f"a{i}"), 0.3 / 25) for i in range(25)),
        *((calls.count(f"b{i}"), 0.6 / 25) for i in range(25)),
        (both, 0.3 * 0.6),
    ]:
        deviation = (probability * (1 - probability) * count) ** 0.5
        assert abs(seen - probability * count) < 5 * deviation


def test_cutout_squares():
    pixels, fill = np.zeros((6, 9, 1), np.uint8), np.array([77], np.uint8)
    rng, areas, hits = np.random.default_rng(0), [], np.zeros((6, 9))
    for _ in range(4000):
        cut = cutout(pixels, 4, fill, rng)[..., 0] == 77
        rows, columns = np.flatnonzero(cut.any(axis=1)), np.flatnonzero(cut.any(axis=0))
        assert cut.sum() == len(rows) * len(columns)  # one rectangle
        assert max(len(rows), len(columns)) <= 4
        areas.append(cut.sum())
        hits += cut
    assert (pixels == 0).all()
    assert {4, 16} <= set(areas)  # in a corner, and whole
    # Pixel (r, c) is hit by the centres r - 1 to r + 2 that exist, likewise columns.
    reach = [[sum(0 <= i + d < n for d in (-1, 0, 1, 2)) / n for i in range(n)] for n in (6, 9)]
    expected = np.outer(*reach)
    deviation = (expected * (1 - expected) / 4000) ** 0.5
    assert (np.abs(hits / 4000 - expected) < 5 * deviation).all()


def test_pipeline_augments_in_training_alone_and_the_same_after_a_resume(tmp_path):
    write_tiny(tmp_path, train=numbered(12), test=numbered(3))
    plain = config(tmp_path)
    both = config(tmp_path, autoaugment="cifar10", cutout=3, mean=(0.2, 0.4, 0.6))

    def images(settings, step):
        with data.train_batches(settings, seed=1, batch_size=4, start_step=step) as batches:
            return next(batches)["image"]

    first, second = images(both, 0), images(both, 1)
    with data.train_batches(both, seed=1, batch_size=4) as batches:
        np.testing.assert_array_equal(next(batches)["image"], first)
        np.testing.assert_array_equal(next(batches)["image"], second)
    fill = [51, 102, 153]
    assert all((image == fill).all(axis=-1).any() for image in first)

    only_cutout = images(config(tmp_path, cutout=3, mean=(0.2, 0.4, 0.6)), 0)
    changed = (only_cutout != images(plain, 0)).any(axis=-1)
    assert (only_cutout[changed] == fill).all()  # the crops and flips are those without it

    with data.eval_batches(both, batch_size=3) as a, data.eval_batches(plain, batch_size=3) as b:
        np.testing.assert_array_equal(next(a)["image"], next(b)["image"])


@pytest.mark.parametrize(("threads", "processes"), [(0, 1), (4, 1), (2, 2)])
def test_threads_and_processes_change_no_augmentation(tmp_path, threads, processes):
    write_tiny(tmp_path, train=numbered(12), test=numbered(3))

    def images(threads, processes):
        settings = config(tmp_path, autoaugment="imagenet", cutout=3, threads=threads)
        parts = []
        for index in range(processes):
            with data.train_batches(
                settings, seed=1, batch_size=8, process_index=index, process_count=processes
            ) as batches:
                parts.append([next(batches)["image"] for _ in range(3)])
        return np.concatenate(parts, axis=1)

    np.testing.assert_array_equal(images(threads, processes), images(2, 1))


def test_cutout_of_one_channel(tmp_path):
    write_tiny(tmp_path, train=numbered(6), test=numbered(1))
    settings = config(tmp_path, preprocess="digits", cutout=4, mean=(0.305,), std=(1,))
    with data.train_batches(settings, seed=0, batch_size=6) as batches:
        images = next(batches)["image"]
    assert images.shape == (6, 8, 8, 1)
    # 0.305 * 255 is 77.8. The centre lies inside, so at least 2x2 pixels are cut.
    assert all((image == 78).sum() >= 4 for image in images)


def test_refusals():
    with pytest.raises(ValueError, match=r"'imagenet'\? allowed: none, imagenet, cifar10"):
        augment.find_augment("imagenett", 0, (0.5, 0.5, 0.5))
    with pytest.raises(ValueError, match="autoaugment must be 'none' for grey images"):
        augment.find_augment("imagenet", 0, (0.5,))
