"""Average precision against COCO's own code called directly, and what is made of its answers."""

import contextlib
import io
import json
import math

import jax
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from metrics import CocoAP, Detections, Mean, MetricSet, Truth

NAMES = ("cat", "dog", "never")
CATEGORY_IDS = (3, 17, 90)
IDS = (2**31 + 7, 5, 2**24 + 1, 2**40)


def halves(ids):
    return np.array(ids, np.int64).view(np.int32).reshape(-1, 2)


def rows(lists, most, *shape, dtype=np.float32):
    """Lists of one or more values, filled with 9 up to `most`."""
    array = np.full((len(lists), most, *shape), 9, dtype)
    for row, values in enumerate(lists):
        array[row, : len(values)] = np.reshape(values, (-1, *shape))
    return array


def valid(lists, most):
    return np.arange(most) < np.array([len(values) for values in lists])[:, None]


def metric(found, true, ids=IDS, mask=None, names=NAMES):
    """From (box, score, class) and (box, class, area, crowd) of each image."""
    found = [list(zip(*image, strict=True)) or [()] * 3 for image in found]
    true = [list(zip(*image, strict=True)) or [()] * 4 for image in true]
    boxes, scores, classes = ([image[i] for image in found] for i in range(3))
    detections = Detections(
        *(rows(boxes, 9, 4), rows(scores, 9), rows(classes, 9, dtype=np.int32), valid(scores, 9))
    )
    boxes, classes, area, crowd = ([image[i] for image in true] for i in range(4))
    truth = Truth(
        *(rows(boxes, 7, 4), rows(classes, 7, dtype=np.int32), rows(area, 7)),
        *(rows(crowd, 7, dtype=bool), valid(area, 7)),
    )
    mask = np.ones(len(ids), bool) if mask is None else np.array(mask)
    return CocoAP(halves(ids), mask, detections, truth, names)


def hand_made():
    """Four images: one without truth, one without detections, a crowd, all sizes, ties."""
    true = [
        [((10, 20, 40, 60), 0, 1200, False), ((0, 0, 8.5, 9.25), 1, 78.625, False)],
        [((5, 5, 205, 305), 0, 60000, False), ((0, 100, 300, 400), 1, 9e4, True)],
        [],
        [((1, 1, 100, 90), 1, 8000, False), ((50, 2, 60, 12), 0, 100, False)],
    ]
    found = [
        [((12, 18, 41, 60), 0.9, 0), ((0, 0, 8, 10), 0.5, 1), ((0, 1, 9, 9), 0.5, 1)],
        [((10, 20, 200, 280), 0.3, 0), ((0, 110, 100, 200), 0.8, 1), ((9, 9, 99, 99), 0.7, 1)],
        [((3, 3, 30, 30), 0.65, 0), ((1, 2, 3, 4), 0.1, 2)],
        [],
    ]
    return found, true


def directly(found, true, ids=IDS):
    """The twelve numbers of COCO's table, through its file formats; boxes by x, y, w, h."""

    def xywh(box):
        top, left, bottom, right = box
        return [left, top, right - left, bottom - top]

    annotations = [
        {"image_id": image, "bbox": xywh(box), "category_id": CATEGORY_IDS[label]}
        | {"area": area, "iscrowd": int(crowd)}
        for image, objects in zip(ids, true, strict=True)
        for box, label, area, crowd in objects
    ]
    results = [
        {"image_id": image, "bbox": xywh(box), "category_id": CATEGORY_IDS[label]}
        | {"score": float(np.float32(score))}
        for image, objects in zip(ids, found, strict=True)
        for box, score, label in objects
    ]
    coco = COCO()
    coco.dataset = {
        "images": [{"id": image} for image in ids],
        "categories": [{"id": number} for number in CATEGORY_IDS],
        "annotations": [one | {"id": i} for i, one in enumerate(annotations, 1)],
    }
    return evaluated(coco, results)


def evaluated(coco, results):
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


def test_a_hand_made_case_is_what_coco_says_to_the_last_digit():
    values = metric(*hand_made()).values()
    stats = directly(*hand_made())
    names = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large")
    assert [values[name] for name in names] == stats[:6].tolist()
    assert all(0 < values[name] < 1 for name in names)
    assert values.keys() == {*names, "ap/cat", "ap/dog", "ap/never"}
    # The classes' mean is the whole; one without truth has no value and is not in it.
    assert values["ap"] == pytest.approx((values["ap/cat"] + values["ap/dog"]) / 2)
    assert math.isnan(values["ap/never"])


def test_many_random_boxes_are_what_coco_says():
    rng = np.random.default_rng(0)

    def box():
        corner, sides = rng.integers(0, 300, 2), rng.integers(1, 150, 2)
        return (*corner.tolist(), *(corner + sides).tolist())

    ids = list(range(1, 41))
    true = [
        [(box(), int(rng.integers(2)), float(rng.integers(10, 20000)), rng.random() < 0.1)
         for _ in range(rng.integers(7))]
        for _ in ids
    ]  # fmt: skip
    found = [
        [(b if rng.random() < 0.5 else box(), rng.random(), c) for b, c, *_ in objects]
        + [(box(), rng.random(), int(rng.integers(2)))]
        for objects in true
    ]
    stats = directly(found, true, ids)
    values = metric(found, true, ids).values()
    assert [values[name] for name in list(values)[:6]] == stats[:6].tolist()
    assert 0.1 < values["ap"] < 0.9


#: COCO's code adds 2.2e-16 to what it divides by: of a single box that makes 1 - 2.2e-16.
ONE = pytest.approx(1, rel=0, abs=3e-16)


def test_perfect_boxes_are_one():
    _, true = hand_made()
    found = [[(box, 0.5, label) for box, label, _, crowd in image if not crowd] for image in true]
    values = metric(found, true).values()
    assert values["ap"] == 1
    assert all(value == ONE for name, value in values.items() if name != "ap/never")


def test_detections_in_images_without_truth_are_false():
    true = [[((10, 10, 50, 50), 0, 1600, False)], []]
    found = [[((10, 10, 50, 50), 0.5, 0)], [((10, 10, 50, 50), 0.6, 0)]]
    assert metric(found, true, ids=(1, 2)).values()["ap"] == pytest.approx(0.5, abs=0.01)
    assert metric(found[:1], true[:1], ids=(1,)).values()["ap"] == ONE


def test_nothing_found_is_zero():
    _, true = hand_made()
    values = metric([[], [], [], []], true).values()
    assert {name for name, value in values.items() if value == 0} == values.keys() - {"ap/never"}
    assert math.isnan(values["ap/never"])


def test_where_nothing_is_to_be_found_there_is_no_value():
    found, _ = hand_made()
    for empty in (metric(found, [[], [], [], []]), metric(*hand_made(), mask=[False] * 4)):
        assert all(math.isnan(value) for value in empty.values().values())


def test_padding_does_not_count_and_an_image_twice_is_named():
    found, true = hand_made()
    whole = metric(found, true)
    again = dict(found=[*found, found[0]], true=[*true, true[0]], ids=(*IDS, IDS[0]))
    padded = metric(**again, mask=[True] * 4 + [False])
    np.testing.assert_equal(padded.values(), whole.values())
    with pytest.raises(ValueError, match=f"image {IDS[0]} was evaluated 2 times"):
        metric(**again).values()


def test_parts_merge_to_the_whole_in_any_order():
    found, true = hand_made()
    whole = metric(found, true).values()
    parts = [metric(found[i : i + 1], true[i : i + 1], IDS[i : i + 1]) for i in range(4)]
    for order in ([0, 1, 2, 3], [2, 0, 3, 1]):
        total = parts[order[0]]
        for i in order[1:]:
            total = total.merge(parts[i])
        np.testing.assert_equal(total.values(), whole)


def test_rows_of_all_devices_come_together():
    """As an evaluation step gives them: made in jit of arrays spread over devices, then whole."""
    own = metric(*hand_made())
    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    by_row, whole = (
        jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*axes))
        for axes in (("data",), ())
    )

    def measure(ap):
        return MetricSet({"loss": Mean(ap.mask.sum(), ap.mask.sum()), "ap": ap})

    step = jax.jit(measure, out_shardings=whole)
    out = jax.device_get(step(jax.device_put(own, by_row)))
    np.testing.assert_equal(out.values(), {"loss": 1.0} | own.values())
    stacked = jax.device_get(jax.vmap(measure)(jax.tree.map(lambda x: np.stack([x, x]), own)))
    second = jax.tree.map(lambda leaf: leaf[1], stacked)
    np.testing.assert_equal(second.values(), {"loss": 1.0} | own.values())


def test_nothing_is_printed(capsys):
    metric(*hand_made()).values()
    assert capsys.readouterr() == ("", "")


def test_written_results_are_evaluated_alike_by_coco(tmp_path):
    found, true = hand_made()
    own = metric(found, true)
    own.write_results(tmp_path / "found.json", CATEGORY_IDS)
    results = json.loads((tmp_path / "found.json").read_text())
    assert len(results) == 8 and {one["image_id"] for one in results} == {*IDS[:3]}
    assert results[1] == {
        "image_id": IDS[0],
        "category_id": 17,
        "bbox": [0, 0, 10, 8],
        "score": 0.5,
    }
    np.testing.assert_array_equal(directly(found, true)[:6], [*own.values().values()][:6])
    assert own.results(CATEGORY_IDS) == results
    assert metric([[]], true[:1], ids=(1,)).results(CATEGORY_IDS) == []
