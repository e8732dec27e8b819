"""ImageNet, AmoebaNet-B (6, 256): the recipe of Ghiasi et al. 2018, section 4.1 and Table 2.

    python train.py --config=configs/imagenet_amoebanet.py:dropblock --workdir=runs/amoebanet

What their text leaves to Real et al. 2018 (arXiv 1802.01548) is as in those authors' code.
"""

from ml_collections import ConfigDict, config_dict

#: The rows of the paper's Table 2, as what each changes in the baseline.
VARIANTS = {
    "baseline": {},
    "dropblock": {"regularizer.name": "dropblock"},
}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = ConfigDict()
    config.task = "classification"
    config.seed = 0
    config.steps = config_dict.placeholder(int)
    config.epochs = 340.0
    config.batch_size = 2048
    config.eval_every = 626
    config.checkpoint_every = 626
    config.log_every = 100
    config.precision = "bfloat16"
    config.mesh = {"data": -1, "fsdp": 1}

    config.data = {
        "name": "imagenet2012",
        "data_dir": config_dict.placeholder(str),
        "train_split": "train",
        "eval_split": "validation",
        "preprocess": "imagenet",
        "image_size": 331,
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
        "threads": 16,
        "prefetch": 16,
        "max_bad_share": 0.01,
        "autoaugment": "none",
        "cutout": 0,
    }
    config.model = {
        "name": "amoebanet",
        "cell": "b",
        "num_cells": 6,
        "num_filters": 256,
        "aux_head": True,
        "small_images": False,
        "momentum": 0.9997,
        "remat": True,
    }

    # 0 is no clipping, and no moving average; decay and epsilon are RMSProp's.
    config.optimizer = {
        "name": "rmsprop",
        "momentum": 0.9,
        "nesterov": False,
        "weight_decay": 5e-5,
        "decay": 0.9,
        "epsilon": 1.0,
        "clip_norm": 10.0,
        "ema_decay": 0.9999,
    }
    # Learning rates are per 256 images of batch size: 0.015 for the batch of 2048.
    config.learning_rate = {
        "base": 0.015 * 256 / 2048,
        "schedule": "exponential",
        "warmup_epochs": 3.0,
        "warmup_steps": config_dict.placeholder(int),
        "drop_epochs": (),
        "drop_steps": (),
        "drop_factor": 0.1,
        "decay_epochs": 2.4,
        "decay_factor": 0.97,
        "floor": 1e-4,
    }

    config.label_smoothing = 0.1
    # Of the auxiliary head's loss; beside the regularizer: of the branches and the last layer.
    config.aux_weight = 0.4
    config.drop_path_keep_prob = 0.7
    config.dropout_keep_prob = 0.5
    # Group 4 is the last half of the cells; block_size, on_skip and gamma are DropBlock's.
    config.regularizer = {
        "name": "none",
        "keep_prob": 0.9,
        "block_size": 11,
        "groups": (4,),
        "schedule": "linear",
        "on_skip": True,
        "gamma": "paper",
    }
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """What sweep.py runs: keep_prob and block_size of DropBlock."""
    return hyper.product(
        [
            hyper.sweep("config.regularizer.keep_prob", [0.8, 0.9, 0.95]),
            hyper.sweep("config.regularizer.block_size", [5, 7, 11]),
        ]
    )
