"""From results to boxes: plain loops, with ties, several classes, images that are not square."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tasks.boxes import detect, make_anchors, nms
from tests.tasks.boxes import oracle

suppress = jax.jit(nms, static_argnames="limit")
run = jax.jit(detect, static_argnames=("candidates", "min_score", "max_iou", "limit"))


@pytest.mark.parametrize("max_iou", [0.3, 0.4, 0.5, 0.6, 0.7])
@pytest.mark.parametrize("limit", [5, 60])
def test_suppression_is_that_of_plain_loops(max_iou, limit):
    """Whole numbers, so that overlaps are exactly at the threshold too; some are negative."""
    rng = np.random.default_rng(0)
    for classes in (1, 3):
        corners, sides = rng.integers(-9, 9, (50, 2)), rng.integers(1, 9, (50, 2))
        boxes = np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
        boxes[25:30] = boxes[:5]
        labels, alive = rng.integers(0, classes, 50), rng.random(50) < 0.8
        index, valid = suppress(boxes, labels, alive, max_iou=jnp.float32(max_iou), limit=limit)
        assert index.shape == valid.shape == (limit,)
        picked = np.asarray(index)[np.asarray(valid)].tolist()
        assert picked == oracle.nms(boxes, labels, alive, max_iou, limit)
        # What is valid comes first.
        assert valid[: len(picked)].all()


def test_suppression_of_nothing():
    boxes, labels = jnp.zeros((4, 4)), jnp.zeros(4, jnp.int32)
    _, valid = suppress(boxes, labels, jnp.zeros(4, bool), max_iou=jnp.float32(0.5), limit=5)
    assert not valid.any()


SIZES = np.array([[128, 256], [100, 256], [128, 90]], np.int32)


@pytest.fixture(scope="module")
def example():
    """Results for three images of 128 by 256 pixels, with many equal logits."""
    rng = np.random.default_rng(1)
    anchors = make_anchors((128, 256), octaves=1, ratios=((1, 1),))
    logits = np.round(rng.normal(-2, 2, (3, len(anchors), 3)) * 4) / 4
    codes = rng.normal(0, 0.3, (3, len(anchors), 4))
    logits[0, :, 1] = -9  # a class that is nowhere in an image
    return logits.astype(np.float32), codes.astype(np.float32), anchors


@pytest.mark.parametrize(
    ("candidates", "min_score", "max_iou", "limit"), [(200, 0.05, 0.5, 100), (5000, 0.2, 0.3, 20)]
)
def test_detection_is_that_of_plain_loops(example, candidates, min_score, max_iou, limit):
    logits, codes, anchors = example
    options = {
        "candidates": candidates, "min_score": min_score, "max_iou": max_iou, "limit": limit,
    }  # fmt: skip
    found = run(logits, codes, anchors, SIZES, **options)
    for image in range(3):
        expected = oracle.detect(logits[image], codes[image], anchors, SIZES[image], **options)
        boxes, scores, labels, valid = (np.asarray(part[image]) for part in found)
        assert valid.tolist() == [True] * len(expected) + [False] * (limit - len(expected))
        assert len(expected) > 15
        for row, (box, score, label) in enumerate(expected):
            np.testing.assert_allclose(boxes[row], box, atol=1e-3)
            assert scores[row] == pytest.approx(score, rel=1e-5) and labels[row] == label
        assert not boxes[~valid].any() and not scores[~valid].any() and not labels[~valid].any()


def test_an_image_by_itself_is_that_of_the_batch_bit_for_bit(example):
    logits, codes, anchors = example
    together = run(logits, codes, anchors, SIZES)
    for image in range(3):
        rows = slice(image, image + 1)
        alone = run(logits[rows], codes[rows], anchors, SIZES[rows])
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one, many[rows])


def found_of(anchors, logits, codes=None, size=(128, 128), **options):
    """[(class, box), ...] of one image."""
    codes = np.zeros((len(anchors), 4)) if codes is None else codes
    logits, codes, anchors = (np.asarray(part, np.float32) for part in (logits, codes, anchors))
    found = run(logits[None], codes[None], anchors, np.array([size]), **options)
    return [
        (int(label), box.tolist())
        for box, label, valid in zip(found.boxes[0], found.classes[0], found.valid[0], strict=True)
        if valid
    ]


THREE = [[0, 0, 8, 8], [0, 20, 8, 28], [0, 40, 8, 48]]


def test_classes_do_not_suppress_each_other():
    anchors = [THREE[0], THREE[0], THREE[0]]
    found = found_of(anchors, [[3, 2], [1, 1.5], [1, 1]])
    assert found == [(0, [0, 0, 8, 8]), (1, [0, 0, 8, 8])]


def test_of_equal_logits_the_first_anchor_wins_then_the_first_class():
    logits = [[-1, 0], [0, 0], [2, 0]]  # the maxima are in another order than the anchors
    order = [(0, 40), (1, 0), (0, 20), (1, 20), (1, 40), (0, 0)]
    assert [(label, box[1]) for label, box in found_of(THREE, logits)] == order
    for few in (1, 2, 3):
        found = found_of(THREE, logits, candidates=few)
        assert [(label, box[1]) for label, box in found] == order[:few]


def test_a_score_must_be_above_the_smallest():
    logits = [[0, -9], [-9, 0.01], [-9, -0.01]]
    assert found_of(THREE, logits, min_score=0.5) == [(1, [0, 20, 8, 28])]


def test_boxes_end_where_the_image_does():
    anchors = [[-8, 100, 8, 120], [60, 60, 80, 80], [200, 0, 220, 20]]
    found = found_of(anchors, [[3, -9], [2, -9], [1, -9]], size=(70, 110))
    assert found == [(0, [0, 100, 8, 110]), (0, [60, 60, 70, 80])]


def test_results_that_are_no_numbers_are_no_boxes():
    codes = np.array([[np.nan] * 4, [0] * 4, [1e38] * 4])
    assert found_of(THREE, [[3, -9], [2, -9], [1, -9]], codes) == [(0, [0, 20, 8, 28])]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"candidates": 0}, "candidates must be at least 1, got 0."),
        ({"limit": 0}, "limit must be at least 1, got 0."),
        ({"min_score": 1.0}, r"min_score must be in \[0, 1\), got 1.0."),
        ({"max_iou": -0.1}, r"max_iou must be in \[0, 1\], got -0.1."),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        found_of(THREE, np.zeros((3, 2)), **options)
