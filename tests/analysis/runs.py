"""Run folders as analysis reads them, without training."""

import copy

import numpy as np

from runfiles import RunRecord, json_line, write_record

CURVES = [
    {"title": "Cross-entropy loss", "metric": "loss", "scale": "log"},
    {"title": "Top-1 accuracy", "metric": "accuracy", "scale": "percent"},
]
CONFIG = {
    "task": {"name": "classification", "label_smoothing": 0.0},
    "seed": 0,
    "steps": 700,
    "epochs": None,
    "batch_size": 16,
    "eval_every": 1,
    "checkpoint_every": 1,
    "log_every": 1,
    "mesh": {"data": -1},
    "data": {"name": "digits", "data_dir": None, "cutout": 0, "autoaugment": "none"},
    "model": {"name": "resnet", "depth": 18},
    "regularizer": {
        "name": "none",
        "keep_prob": 0.9,
        "block_size": 3,
        "groups": [3, 4],
        "schedule": "linear",
        "on_skip": True,
    },
}
DROPBLOCK = {"regularizer__name": "dropblock"}


def make_config(**changes):
    """The config above with ``changes`` (``a__b`` for a.b)."""
    config = copy.deepcopy(CONFIG)
    for name, value in changes.items():
        *path, last = name.split("__")
        fields = config
        for part in path:
            fields = fields[part]
        fields[last] = value
    return config


def write_run(folder, values, *, metric="accuracy", curves=(), unfinished=False, **changes):
    """A run with an evaluation a step, which ends at the last of them."""
    folder.mkdir(parents=True)
    steps = len(values) + unfinished
    config = make_config(**changes)
    write_record(folder, RunRecord(config, steps, metric, list(curves)))
    lines = [
        {"step": step, f"eval/{metric}": value, "eval/top5_accuracy": 0.9}
        for step, value in enumerate(values, start=1)
    ]
    (folder / "metrics.jsonl").write_text("".join(json_line(line) + "\n" for line in lines))
    return folder


def write_maps(folder, count=2, seed=0):
    """A run's class_activation.npz: digits in a corner, and maps that light it."""
    rng = np.random.default_rng(seed)
    image = np.zeros((count, 8, 8, 1), np.uint8)
    image[:, :4, :4] = np.arange(1, count + 1)[:, None, None, None]
    activation = rng.random((count, 4, 4)).astype(np.float32)
    labels = np.arange(count, dtype=np.int32)
    np.savez(
        folder / "class_activation.npz", image=image, activation=activation, label=labels,
        prediction=labels[::-1], class_names=np.array([f"class {n}" for n in labels]),
    )  # fmt: skip
