"""Non-maximum suppression of a batch, against plain NumPy and torchvision.

    python benchmarks/nms.py [--rounds=9] [--batch=8] [--classes=80] [CANDIDATES ...]

Images of 640 pixels with 40 objects each, around which the candidates lie as a trained network's
do; IoU 0.5, at most 100 boxes an image. Times are medians in milliseconds of a whole batch,
interleaved in one process; in brackets, how many times ours. That all pick the same boxes is
checked first. NumPy's stops at the last box that it needs and looks only at those that are alive;
torchvision's (its row is left out where it is not installed) goes image by image, with its own
offsets for classes.
"""

import argparse
import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import numpy as np

from benchmarks.operation import medians
from tasks.boxes import nms

OBJECTS, SIDE, MAX_IOU, LIMIT = 40, 640, 0.5, 100


def candidates(rng, batch, count, classes):
    """Boxes, best first, and their classes. Whole numbers, so that no rounding makes a choice."""
    sides = rng.integers(16, 200, (batch, OBJECTS, 2))
    corners = rng.integers(0, SIDE - sides)
    objects = np.concatenate([corners, corners + sides], axis=-1)
    label = rng.integers(0, classes, (batch, OBJECTS))
    whose = rng.integers(0, OBJECTS, (batch, count))
    boxes = np.take_along_axis(objects, whose[..., None], axis=1)
    spread = rng.integers(-6, 7, boxes.shape)
    boxes = np.clip(boxes + spread, 0, SIDE)
    # One in ten says another class.
    said = np.take_along_axis(label, whose, axis=1)
    said = np.where(rng.random(said.shape) < 0.1, rng.integers(0, classes, said.shape), said)
    return boxes.astype(np.float32), said.astype(np.int32)


def plain(boxes, classes):
    """Numbers of the boxes of one image that stay."""
    top, left, bottom, right = boxes.T
    areas = (bottom - top) * (right - left)
    alive, picked = np.arange(len(boxes)), []
    while alive.size and len(picked) < LIMIT:
        best, rest = alive[0], alive[1:]
        picked.append(best)
        height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        shared = np.maximum(height, 0) * np.maximum(width, 0)
        overlap = shared / (areas[best] + areas[rest] - shared)
        alive = rest[(overlap <= MAX_IOU) | (classes[rest] != classes[best])]
    return picked


def torchvision_call(boxes, classes):
    """A call of torchvision's for a batch."""
    import torch
    from torchvision.ops import batched_nms

    # Theirs are (left, top, right, bottom), and sorted by score.
    boxes, classes = torch.tensor(boxes[..., [1, 0, 3, 2]]), torch.tensor(classes)
    scores = torch.linspace(1, 0, boxes.shape[1])

    def call():
        return [
            batched_nms(one, scores, labels, MAX_IOU)[:LIMIT].tolist()
            for one, labels in zip(boxes, classes, strict=True)
        ]

    return call


def calls(boxes, classes):
    """Name -> a call that returns the numbers of the boxes picked in each image."""

    @jax.jit
    def batch(boxes, classes):
        alive = jax.numpy.ones(classes.shape, bool)
        return jax.vmap(lambda *image: nms(*image, max_iou=MAX_IOU, limit=LIMIT))(
            boxes, classes, alive
        )

    device = jax.device_put((boxes, classes))
    index, valid = map(np.asarray, batch(*device))
    picked = [one[there].tolist() for one, there in zip(index, valid, strict=True)]
    rows = {
        "ours": lambda: jax.block_until_ready(batch(*device)),
        "NumPy": lambda: [plain(*image) for image in zip(boxes, classes, strict=True)],
    }
    # RuntimeError: beside a torch of another build.
    with contextlib.suppress(ImportError, RuntimeError):
        rows["torchvision"] = torchvision_call(boxes, classes)
    for name in rows.keys() - {"ours"}:
        assert rows[name]() == picked, f"{name} picks other boxes"
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("candidates", nargs="*", type=int, default=[1000, 2000, 5000])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--classes", type=int, default=80)
    options = parser.parse_args()
    print(f"{jax.devices()[0].device_kind}, {options.batch} images, {options.classes} classes")
    for count in options.candidates:
        rng = np.random.default_rng(0)
        rows = calls(*candidates(rng, options.batch, count, options.classes))
        times = medians(list(rows.values()), options.rounds)
        for name, time in zip(rows, times, strict=True):
            print(f"{count:8} {name:12}{time:10.2f} ({time / times[0]:5.1f})", flush=True)


if __name__ == "__main__":
    main()
