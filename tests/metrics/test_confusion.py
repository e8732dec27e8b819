"""The confusion matrix against a slow count, and the values made of it."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metrics import ConfusionMatrix

NAMES = ("sky", "road", "car", "never")


def slow_counts(labels, predictions, valid, classes):
    counts = np.zeros((classes, classes), np.int64)
    for true, said, counted in zip(labels.flat, predictions.flat, valid.flat, strict=True):
        if counted:
            counts[true, said] += 1
    return counts


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    labels = rng.choice([0, 1, 2, 255], size=(6, 7, 5)).astype(np.uint8)
    predictions = rng.integers(0, 3, size=(6, 7, 5))
    return labels, predictions, labels != 255


def test_it_counts_as_a_slow_loop_does(maps):
    labels, predictions, valid = maps
    matrix = jax.jit(lambda *arrays: ConfusionMatrix.of(*arrays, NAMES))(labels, predictions, valid)
    np.testing.assert_array_equal(matrix.counts, slow_counts(labels, predictions, valid, 4))


def test_batches_and_devices_merge_to_the_whole(maps):
    labels, predictions, valid = maps
    whole = ConfusionMatrix.of(labels, predictions, valid, NAMES)
    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    rows = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    arrays = [jax.device_put(array, rows) for array in maps]
    spread = jax.jit(lambda *arrays: ConfusionMatrix.of(*arrays, NAMES))(*arrays)
    parts = [
        ConfusionMatrix.of(labels[i::3], predictions[i::3], valid[i::3], NAMES) for i in range(3)
    ]
    merged = parts[0].merge(parts[1]).merge(parts[2])
    for other in (spread, merged):
        np.testing.assert_array_equal(other.counts, whole.counts)
        assert other.values().keys() == whole.values().keys()


def test_values_are_over_all_pixels_and_over_the_classes_that_occur():
    """By hand: sky 3 of 4 right, road 1 of 2; the car is only ever predicted."""
    counts = np.array([[3, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    values = ConfusionMatrix(counts, NAMES).values()
    assert values["pixel_accuracy"] == pytest.approx(4 / 6)
    assert values["iou/sky"] == pytest.approx(3 / 5)
    assert values["iou/road"] == pytest.approx(1 / 2)
    assert values["iou/car"] == 0
    assert math.isnan(values["iou/never"])
    assert values["mean_iou"] == pytest.approx((3 / 5 + 1 / 2 + 0) / 3)


def test_of_nothing_there_is_no_value():
    values = ConfusionMatrix(np.zeros((4, 4), int), NAMES).values()
    assert all(math.isnan(value) for value in values.values())


def test_counts_are_exact_beyond_what_32_bits_hold():
    large = ConfusionMatrix(np.full((4, 4), 2**31 - 1, np.int32), NAMES)
    assert large.merge(large).counts[0, 0] == 2**32 - 2
    ones = jnp.zeros((1, 2**10, 2**12), jnp.int32)
    assert ConfusionMatrix.of(ones, ones, ones == 0, NAMES).counts[0, 0] == 2**22
