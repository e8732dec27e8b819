"""The handwritten digits that ship inside scikit-learn: minutes on a laptop, nothing to download.

python train.py --config=configs/digits.py:dropblock --workdir=runs/digits
"""

from ml_collections import ConfigDict, config_dict

#: A small AmoebaNet-B, trained by Table 2's recipe in small.
AMOEBANET = {
    "model": {
        "name": "amoebanet",
        "cell": "b",
        "num_cells": 1,
        "num_filters": 16,
        "aux_head": True,
        "small_images": True,
        "momentum": 0.9,
        "remat": False,
    },
    "optimizer.name": "rmsprop",
    "optimizer.nesterov": False,
    "optimizer.clip_norm": 10.0,
    "optimizer.ema_decay": 0.99,
    "learning_rate.schedule": "exponential",
    "learning_rate.decay_epochs": 1.0,
    "learning_rate.decay_factor": 0.85,
    "data.image_size": 16,
    "steps": 400,
    "label_smoothing": 0.1,
    "aux_weight": 0.4,
    "drop_path_keep_prob": 0.9,
    "dropout_keep_prob": 0.5,
    "regularizer.groups": (4,),
}

#: The rows of the paper's Tables 1 and 2, as what each changes in the baseline.
VARIANTS = {
    "baseline": {},
    "dropout": {
        "regularizer.name": "dropout",
        "regularizer.keep_prob": 0.7,
        "regularizer.schedule": "constant",
    },
    "drop_path": {"regularizer.name": "drop_path", "regularizer.groups": (4,)},
    "spatial_dropout": {
        "regularizer.name": "spatial_dropout",
        "regularizer.schedule": "constant",
    },
    "cutout": {"data.cutout": 8},
    "autoaugment": {"data.autoaugment": "cifar10"},
    "label_smoothing": {"label_smoothing": 0.1},
    "dropblock": {"regularizer.name": "dropblock"},
    "dropblock_label_smoothing": {
        "regularizer.name": "dropblock",
        "label_smoothing": 0.1,
    },
    "amoebanet": AMOEBANET,
    "amoebanet_dropblock": AMOEBANET | {"regularizer.name": "dropblock"},
}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = ConfigDict()
    config.task = "classification"
    config.seed = 0
    config.steps = 700
    config.epochs = config_dict.placeholder(float)
    config.batch_size = 64
    config.eval_every = 100
    config.checkpoint_every = 100
    config.log_every = 10
    config.precision = "float32"
    config.mesh = {"data": -1, "fsdp": 1}

    config.data = {
        "name": "digits",
        "data_dir": config_dict.placeholder(str),
        "train_split": "train",
        "eval_split": "test",
        "preprocess": "digits",
        "image_size": 32,
        "mean": (0.3,),
        "std": (0.38,),
        "threads": 2,
        "prefetch": 4,
        "max_bad_share": 0.01,
        "autoaugment": "none",
        "cutout": 0,
    }
    config.model = {"name": "resnet", "depth": 18, "width": 16, "small_images": True}

    # Learning rates are per 256 images of batch size.
    # 0 is no clipping, and no moving average; decay and epsilon are RMSProp's.
    config.optimizer = {
        "name": "sgd",
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 5e-4,
        "decay": 0.9,
        "epsilon": 1.0,
        "clip_norm": 0.0,
        "ema_decay": 0.0,
    }
    config.learning_rate = {
        "base": 0.4,
        "schedule": "cosine",
        "warmup_epochs": 2.0,
        "warmup_steps": config_dict.placeholder(int),
        "drop_epochs": (),
        "drop_steps": (),
        "drop_factor": 0.1,
        "decay_epochs": 2.4,
        "decay_factor": 0.97,
        "floor": 1e-4,
    }

    config.label_smoothing = 0.0
    # Of the auxiliary head's loss; beside the regularizer: of the branches and the last layer.
    config.aux_weight = 0.0
    config.drop_path_keep_prob = 1.0
    config.dropout_keep_prob = 1.0
    # block_size, on_skip and gamma are DropBlock's.
    config.regularizer = {
        "name": "none",
        "keep_prob": 0.9,
        "block_size": 3,
        "groups": (3, 4),
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
            hyper.sweep("config.regularizer.block_size", [1, 3, 5]),
        ]
    )
