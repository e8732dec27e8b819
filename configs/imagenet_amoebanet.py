"""ImageNet, AmoebaNet-B (6, 256): the recipe of Ghiasi et al. 2018, section 4.1 and Table 2.

    python train.py --config=configs/imagenet_amoebanet.py:dropblock --workdir=runs/amoebanet

What their text leaves to Real et al. 2018 (arXiv 1802.01548) is as in those authors' code.
"""

from ml_collections import ConfigDict

from configs import common

VARIANTS = {"baseline": {}, "dropblock": {"regularizer.name": "dropblock"}}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.epochs = 340.0
    config.batch_size = 2048
    config.eval_every = 626
    config.checkpoint_every = 626
    config.precision = "bfloat16"
    config.task.update({"label_smoothing": 0.1, "aux_weight": 0.4})
    config.data.update(common.IMAGENET | {"image_size": 331})
    config.model = {
        "name": "amoebanet",
        "cell": "b",
        "num_cells": 6,
        "num_filters": 256,
        "remat": True,
    }
    config.optimizer.update(
        common.RMSPROP | {"weight_decay": 5e-5, "clip_norm": 10.0, "ema_decay": 0.9999}
    )
    # 0.015 for the batch of 2048.
    config.learning_rate.update(
        {"base": 0.015 * 256 / 2048, "schedule": "exponential", "warmup_epochs": 3.0}
    )
    config.drop_path_keep_prob = 0.7
    config.dropout_keep_prob = 0.5
    # Group 4 is the last half of the cells.
    config.regularizer.update({"block_size": 11, "groups": (4,)})
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """The grid of sweep.py: keep_prob and block_size of DropBlock."""
    return common.grid(hyper, keep_probs=(0.8, 0.9, 0.95), block_sizes=(5, 7, 11))
