"""Which anchor finds which box: plain loops, with ties, padding and nothing at all."""

from functools import partial

import jax
import numpy as np
import pytest

from tasks.boxes import make_anchors, make_targets, match
from tests.tasks.boxes import oracle

ANCHORS, BOXES, IMAGES = 40, 6, 40
RULES = [(0.5, 0.5, True), (0.5, 0.5, False), (0.7, 0.3, True), (0.3, 0.3, True)]


def boxes_on_a_grid(rng, *shape):
    """Whole numbers, few of them, so that many overlaps are equal; some lie left of the image."""
    corners = rng.integers(-3, 9, (*shape, 2))
    sides = rng.integers(1, 5, (*shape, 2))
    return np.concatenate([corners, corners + sides], axis=-1).astype(np.float32)


@pytest.mark.parametrize(("positive", "negative", "forced"), RULES)
def test_it_is_that_of_plain_loops(positive, negative, forced):
    rng = np.random.default_rng(0)
    anchors = boxes_on_a_grid(rng, ANCHORS)
    boxes = boxes_on_a_grid(rng, IMAGES, BOXES)
    boxes[::3, 2] = boxes[::3, 0]
    mask = rng.random((IMAGES, BOXES)) < np.linspace(0, 1, IMAGES)[:, None]
    rule = {"positive_iou": positive, "negative_iou": negative, "force_match": forced}
    results = jax.jit(jax.vmap(partial(match, anchors, **rule)))(boxes, mask)
    kinds = set()
    for image in range(IMAGES):
        number, is_positive, is_negative = (np.asarray(part[image]) for part in results)
        assert not (is_positive & is_negative).any()
        seen = [
            ("+", int(number[i])) if is_positive[i] else ("-",) if is_negative[i] else ("ignored",)
            for i in range(ANCHORS)
        ]
        expected = oracle.match(anchors, boxes[image], mask[image], positive, negative, forced)
        assert seen == expected
        kinds |= {result[0] for result in seen}
    assert kinds == {"+", "-"} | ({"ignored"} if negative < positive else set())
    assert not mask[0].any() and results.negative[0].all()


def one(anchors, boxes, mask=None, **rule):
    """Numbers of the boxes of all anchors, -1 where not positive."""
    boxes = np.asarray(boxes, np.float32)
    mask = np.ones(len(boxes), bool) if mask is None else np.asarray(mask)
    matches = match(np.asarray(anchors, np.float32), boxes, mask, **rule)
    return np.where(matches.positive, matches.box, -1).tolist()


def test_ties():
    square, same, far = [0, 0, 4, 4], [0, 0, 4, 4], [9, 9, 10, 10]
    # An anchor between equal boxes takes the first; a box between equal anchors too.
    assert one([square, far], [square, same]) == [0, -1]
    assert one([[0, 0, 4, 1], [0, 3, 4, 4]], [square]) == [0, -1]
    # Two boxes want one anchor: the first box has it, and the other gets none.
    small, smaller = [0, 0, 1, 1], [1, 1, 2, 2]
    assert one([square, far], [smaller, small]) == [0, -1]
    assert one([square, far], [small, smaller]) == [0, -1]
    # A forced match takes an anchor away from the box that it overlaps more.
    assert one([square, far], [small, square]) == [0, -1]


def test_a_forced_match_needs_an_overlap_and_a_box():
    anchors = [[0, 0, 4, 4], [0, 2, 4, 6]]
    assert one(anchors, [[50, 50, 60, 60]]) == [-1, -1]
    assert one(anchors, [[2, 2, 2, 4]]) == [-1, -1]
    assert one(anchors, [[0, 0, 0, 0], [0, 0, 4, 4]], [False, False]) == [-1, -1]
    assert one(anchors, [[0, 0, 1, 1]], force_match=False) == [-1, -1]
    assert one(anchors, [[0, 0, 1, 1]]) == [0, -1]


@pytest.mark.parametrize(
    ("positive", "negative", "message"),
    [
        (0.0, 0.0, r"positive_iou must be in \(0, 1\], got 0.0\."),
        (1.5, 0.5, "positive_iou must be"),
        (0.5, 0.6, r"negative_iou must be in \(0, positive_iou\], got 0.6 with positive_iou 0.5\."),
        (0.5, 0.0, "negative_iou must be"),
    ],
)
def test_thresholds_that_cannot_be_are_refused(positive, negative, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        one([[0, 0, 1, 1]], [[0, 0, 1, 1]], positive_iou=positive, negative_iou=negative)


def test_targets_are_the_classes_and_codes_of_the_matched_boxes():
    rng = np.random.default_rng(1)
    anchors = boxes_on_a_grid(rng, ANCHORS)
    boxes, mask = boxes_on_a_grid(rng, 3, BOXES), rng.random((3, BOXES)) < 0.7
    mask[1] = False
    boxes[1] = 0
    classes = rng.integers(0, 5, (3, BOXES))
    targets = jax.jit(make_targets)(anchors, boxes, classes, mask)
    assert targets.classes.dtype == np.int32 and np.isfinite(targets.codes).all()
    for image in range(3):
        results = oracle.match(anchors, boxes[image], mask[image], 0.5, 0.5, True)
        assert np.asarray(targets.positive[image]).tolist() == [r[0] == "+" for r in results]
        assert np.asarray(targets.negative[image]).tolist() == [r[0] == "-" for r in results]
        for place, result in enumerate(results):
            if result[0] == "+":
                box, anchor = boxes[image, result[1]], anchors[place]
                sides, anchor_sides = box[2:] - box[:2], anchor[2:] - anchor[:2]
                offset = ((box[:2] + box[2:]) - (anchor[:2] + anchor[2:])) / 2 / anchor_sides
                code = np.concatenate([offset, np.log(sides / anchor_sides)])
                np.testing.assert_allclose(targets.codes[image, place], code, atol=1e-5)
                assert targets.classes[image, place] == classes[image, result[1]]


def test_the_overlaps_of_all_anchors_with_all_boxes_are_never_in_memory():
    """They would take 245 MB here, for 8 images of 640 pixels."""
    anchors = make_anchors((640, 640))
    boxes = jax.ShapeDtypeStruct((8, 100, 4), np.float32)
    mask = jax.ShapeDtypeStruct((8, 100), np.bool_)
    program = jax.jit(jax.vmap(partial(match, anchors))).lower(boxes, mask).compile()
    assert program.memory_analysis().temp_size_in_bytes < 25e6
