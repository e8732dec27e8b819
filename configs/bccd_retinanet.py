"""BCCD blood cells, a small RetinaNet from random initialisation: minutes on 2 cores.

    python train.py --config=configs/bccd_retinanet.py:dropblock --workdir=runs/bccd

Few images and long training, at a fifth of their size, so that the network learns the boxes of its
images by heart and regularisers matter: a quarter of the training images, 314 times each.
docs/detection.md has what was found with it.

    python sweep.py --config=configs/bccd_retinanet.py:grid --workdir=runs/bccd/grid
"""

from ml_collections import ConfigDict

from configs import common

#: Rows of the paper's section 4.3, and the grids of sweep.py.
VARIANTS = common.DETECTION | {"grid": {}, "paired": {}}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.task = {"name": "detection"}
    # A platelet is 8 pixels wide, a red cell 20.
    config.task.update({"anchor_scale": 1.0, "candidates": 1000})
    config.steps = 1000
    config.batch_size = 16
    config.eval_every = 1000
    config.checkpoint_every = 500
    config.log_every = 50
    config.data.update(
        common.DETECTION_DATA | {"name": "bccd", "train_split": "train[:25%]", "image_size": 128}
    )
    config.model = {
        "name": "retinanet", "depth": 18, "width": 16, "features": 48, "head_convs": 2,
    }  # fmt: skip
    config.model.momentum = 0.9
    config.optimizer.update(
        {"name": "adamw", "weight_decay": 0.05, "weight_decay_kind": "decoupled", "clip_norm": 10.0}
    )
    # 0.002 for the batch of 16.
    config.learning_rate.update({"base": 0.032, "warmup_epochs": 10.0})
    config.regularizer.update({"keep_prob": 0.9, "block_size": 5})
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper, variant: str = "grid"):
    """The runs of docs/detection.md: three seeds of the grid, then further ones of a few arms."""
    none = {"config.regularizer.name": "none"}
    if variant == "paired":
        chosen = [
            {"config.regularizer.name": "dropblock", **point}
            for point in common.grid(hyper, keep_probs=(0.8,), block_sizes=(3, 1))
        ]
        return hyper.product([hyper.sweep("config.seed", (3, 4, 5, 6, 7)), [none, *chosen]])
    drops = [
        {"config.regularizer.name": "dropblock", **point}
        for point in common.grid(hyper, keep_probs=(0.9, 0.8), block_sizes=(1, 3, 5))
    ]
    return hyper.product([hyper.sweep("config.seed", (0, 1, 2)), [none, *drops]])
