"""Losses: their formulas in float64, what counts, and gradients that are always finite."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tasks.boxes import Targets, detection_losses, focal_loss, huber_loss, make_targets

BATCH, ANCHORS, CLASSES = 2, 5, 3


@pytest.fixture(scope="module")
def example():
    """Logits, codes and targets; of the anchors two are positive and one is ignored."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(BATCH, ANCHORS, CLASSES)).astype(np.float32)
    codes = rng.normal(size=(BATCH, ANCHORS, 4)).astype(np.float32)
    positive = np.array([[1, 0, 0, 1, 0], [0, 0, 0, 0, 0]], bool)
    negative = np.array([[0, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool)
    classes = rng.integers(0, CLASSES, (BATCH, ANCHORS)).astype(np.int32)
    wanted = rng.normal(size=codes.shape).astype(np.float32)
    return logits, codes, Targets(*map(jnp.asarray, (classes, wanted, positive, negative)))


sums = jax.jit(detection_losses)


def focal(logit, wanted, alpha=0.25, gamma=1.5):
    p = 1 / (1 + np.exp(-np.float64(logit)))
    if wanted:
        return -alpha * (1 - p) ** gamma * np.log(p)
    return -(1 - alpha) * p**gamma * np.log(1 - p)


def huber(error):
    return 0.5 * error**2 if abs(error) <= 0.1 else 0.1 * abs(error) - 0.005


@pytest.mark.parametrize("gamma", [0.0, 1.5, 2.0])
def test_focal_loss_is_its_formula(gamma):
    logits = np.linspace(-20, 20, 81).astype(np.float32)
    for wanted in (True, False):
        expected = [focal(logit, wanted, gamma=gamma) for logit in logits]
        loss = focal_loss(jnp.asarray(logits), jnp.full(81, wanted), gamma=gamma)
        np.testing.assert_allclose(loss, expected, rtol=2e-5)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_at_extreme_logits_loss_and_gradient_are_finite(dtype):
    logits = jnp.array([-100.0, -100, 100, 100, 0, 3e38, -3e38], dtype)
    wanted = jnp.array([True, False, True, False, True, False, True])
    loss, gradient = jax.vjp(lambda x: focal_loss(x, wanted), logits)
    (slope,) = gradient(jnp.ones_like(loss))
    assert loss.dtype == jnp.float32 and slope.dtype == dtype
    assert np.isfinite(loss).all() and np.isfinite(slope.astype(jnp.float32)).all()
    expected = [25, 0, 0, 75, focal(0, True)]
    np.testing.assert_allclose(loss[:5], expected, rtol=1e-3, atol=1e-30)
    np.testing.assert_allclose(slope[:4].astype(jnp.float32), [-0.25, 0, 0, 0.75], atol=1e-30)


def test_huber_loss_by_hand():
    errors = jnp.array([0.0, 0.05, -0.1, 0.1, 0.3, -2.0])
    expected = [0, 0.00125, 0.005, 0.005, 0.025, 0.195]
    np.testing.assert_allclose(huber_loss(errors), expected, rtol=1e-6)
    slopes = jax.vmap(jax.grad(huber_loss))(errors)
    np.testing.assert_allclose(slopes, [0, 0.05, -0.1, 0.1, 0.1, -0.1], rtol=1e-6)


def test_the_sums_of_each_image_are_those_of_plain_loops(example):
    logits, codes, targets = example
    losses = sums(logits, codes, targets)
    for image in range(BATCH):
        classes = boxes = 0.0
        for anchor in range(ANCHORS):
            positive = bool(targets.positive[image, anchor])
            if positive or targets.negative[image, anchor]:
                label = int(targets.classes[image, anchor])
                for k in range(CLASSES):
                    classes += focal(logits[image, anchor, k], positive and k == label)
            if positive:
                errors = codes[image, anchor] - np.asarray(targets.codes[image, anchor])
                boxes += sum(map(huber, errors.tolist())) / 4
        assert float(losses.classes[image]) == pytest.approx(classes, rel=1e-5)
        assert float(losses.boxes[image]) == pytest.approx(boxes, rel=1e-5)
    assert losses.positives.tolist() == [2, 0]


def test_a_coordinate_whose_target_is_0_counts(example):
    _, codes, targets = example
    logits = np.zeros((BATCH, ANCHORS, CLASSES), np.float32)
    targets = targets._replace(codes=jnp.zeros_like(targets.codes))
    expected = sum(huber(float(x)) for x in codes[0, [0, 3]].reshape(-1)) / 4
    boxes = sums(logits, codes, targets).boxes
    assert float(boxes[0]) == pytest.approx(expected, rel=1e-5)


def test_one_number_divides_the_whole_batch(example):
    losses = sums(*example)
    both = losses.normalised(jnp.array([True, True]))
    assert float(both[0]) == pytest.approx(float(losses.classes.sum()) / 2, rel=1e-6)
    assert float(both[1]) == pytest.approx(float(losses.boxes.sum()) / 2, rel=1e-6)
    first = losses.normalised(jnp.array([True, False]))
    assert float(first[0]) == pytest.approx(float(losses.classes[0]) / 2, rel=1e-6)
    # Nothing to find: divided by 1.
    last = losses.normalised(jnp.array([False, True]))
    assert float(last[0]) == pytest.approx(float(losses.classes[1]), rel=1e-6)
    assert float(last[1]) == 0


def test_the_loss_is_the_same_on_one_device_and_on_two(example):
    logits, codes, targets = example

    def loss(logits, codes, targets):
        return detection_losses(logits, codes, targets).normalised(jnp.ones(BATCH, bool))

    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    rows = jax.NamedSharding(mesh, jax.P("data"))
    alone = jax.jit(loss)(logits, codes, targets)
    split = jax.jit(loss)(*jax.device_put((logits, codes, targets), rows))
    np.testing.assert_allclose(split, alone, rtol=1e-6)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_without_boxes_loss_and_gradients_are_finite(dtype):
    """And the class loss still counts: all anchors are to find nothing."""
    anchors = jnp.array([[0.0, 0, 4, 4], [0, 4, 4, 8]])
    targets = jax.jit(make_targets)(
        anchors, jnp.zeros((2, 3, 4)), jnp.zeros((2, 3), jnp.int32), jnp.zeros((2, 3), bool)
    )

    def loss(logits, codes):
        classes, boxes = detection_losses(logits, codes, targets).normalised(jnp.ones(2, bool))
        return classes + 50 * boxes

    logits, codes = jnp.ones((2, 2, 3), dtype), 100 * jnp.ones((2, 2, 4), dtype)
    value, slopes = jax.jit(jax.value_and_grad(loss, (0, 1)))(logits, codes)
    assert float(value) == pytest.approx(12 * focal(1, False), rel=1e-5)
    assert np.isfinite(slopes[0].astype(jnp.float32)).all() and (slopes[0] > 0).all()
    assert not np.asarray(slopes[1].astype(jnp.float32)).any()
