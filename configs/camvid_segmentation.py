"""CamVid street scenes, a small ResNet-FPN from random initialisation: minutes on 2 cores.

    python train.py --config=configs/camvid_segmentation.py:dropblock --workdir=runs/camvid

Few images and long training, so that the network learns its images nearly by heart and regularisers
matter: a quarter of the training images, 208 times each, at a third of their size. Every pixel of
the test images is judged, at their own size. The test split is the honest one: the validation
frames come from the training videos. docs/segmentation.md has what was found with it.

    python sweep.py --config=configs/camvid_segmentation.py:grid --workdir=runs/camvid/grid
"""

from ml_collections import ConfigDict

from configs import common

#: Rows of the paper's section 4.4, and the grids of sweep.py.
VARIANTS = common.SEGMENTATION | {"grid": {}, "paired": {}, "chosen": {}, "backbone": {}}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.task = {"name": "segmentation"}
    config.steps = 1200
    config.batch_size = 16
    config.eval_every = 1200
    config.checkpoint_every = 400
    config.log_every = 50
    config.data.update(
        common.SEGMENTATION_DATA
        | {
            "name": "camvid",
            "train_split": "train[:25%]",
            "image_size": (112, 144),
            "eval_size": (120, 160),
            # One scale: the crop is of an image of eval_size.
            "scale_range": (160 / 144, 160 / 144),
            "label_size": (360, 480),
            "ignored_label": 11,
        }
    )
    config.model = {"name": "segmentation", "depth": 18, "width": 16, "features": 48}
    config.model.momentum = 0.9
    config.optimizer.update(
        {"name": "adamw", "weight_decay": 0.05, "weight_decay_kind": "decoupled"}
    )
    # 0.002 for the batch of 16.
    config.learning_rate.update({"base": 0.032, "warmup_epochs": 10.0})
    config.regularizer.update({"keep_prob": 0.5, "block_size": 8})
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper, variant: str = "grid"):
    """The runs of docs/segmentation.md: three seeds of the grid, then five more of a few."""
    if variant == "chosen":
        arms = [_branches(0.5, 18), _branches(0.2, 1), _branches(0.8, 8)]
        return hyper.product([hyper.sweep("config.seed", (3, 4, 5, 6, 7)), arms])
    if variant == "backbone":
        dropout = hyper.product([hyper.sweep("config.seed", range(8)), [_backbone(0.9, 1)]])
        others = [_backbone(0.9, 5), _backbone(0.8, 3)]
        return dropout + hyper.product([hyper.sweep("config.seed", (0, 1, 2)), others])
    if variant == "paired":
        arms = [NONE, _backbone(0.9, 3), _branches(0.5, 8)]
        return hyper.product([hyper.sweep("config.seed", (3, 4, 5, 6, 7)), arms])
    points = [(0.5, 8), (0.2, 8), (0.5, 18), (0.5, 1), (0.5, 4), (0.2, 18), (0.2, 1), (0.8, 8)]
    arms = [NONE, *(_branches(*point) for point in points), _backbone(0.9, 3)]
    return hyper.product([hyper.sweep("config.seed", (0, 1, 2)), arms])


NONE = {"config.regularizer.name": "none"}


def _backbone(keep_prob: float, block_size: int) -> dict:
    return {
        "config.regularizer.name": "dropblock",
        "config.regularizer.keep_prob": keep_prob,
        "config.regularizer.block_size": block_size,
    }


def _branches(keep_prob: float, block_size: int) -> dict:
    """On the branches. Block 1 is dropout, and block 18, the whole map, SpatialDropout."""
    return {
        "config.regularizer.name": "dropblock",
        "config.regularizer.branches": True,
        "config.regularizer.keep_prob": keep_prob,
        "config.regularizer.block_size": block_size,
    }
