"""ImageNet, ResNet-50: the paper's recipe (Ghiasi et al. 2018, section 4.1 and Table 1).

python train.py --config=configs/imagenet_resnet50.py:dropblock --workdir=runs/imagenet
"""

from ml_collections import ConfigDict, config_dict

#: The rows of the paper's Table 1, as what each changes in the baseline.
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
    "cutout": {"data.cutout": 112},
    "autoaugment": {"data.autoaugment": "imagenet"},
    "label_smoothing": {"label_smoothing": 0.1},
    "dropblock": {"regularizer.name": "dropblock"},
    "dropblock_label_smoothing": {
        "regularizer.name": "dropblock",
        "label_smoothing": 0.1,
        "epochs": 330.0,
    },
}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = ConfigDict()
    config.task = "classification"
    config.seed = 0
    config.steps = config_dict.placeholder(int)
    config.epochs = 300.0
    config.batch_size = 1024
    config.eval_every = 1251
    config.checkpoint_every = 1251
    config.log_every = 100
    config.precision = "bfloat16"
    config.mesh = {"data": -1, "fsdp": 1}

    config.data = {
        "name": "imagenet2012",
        "data_dir": config_dict.placeholder(str),
        "train_split": "train",
        "eval_split": "validation",
        "preprocess": "imagenet",
        "image_size": 224,
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
        "threads": 16,
        "prefetch": 16,
        "max_bad_share": 0.01,
        "autoaugment": "none",
        "cutout": 0,
    }
    config.model = {"name": "resnet", "depth": 50, "width": 64, "small_images": False}

    # Learning rates are per 256 images of batch size.
    # 0 is no clipping, and no moving average; decay and epsilon are RMSProp's.
    config.optimizer = {
        "name": "sgd",
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 1e-4,
        "decay": 0.9,
        "epsilon": 1.0,
        "clip_norm": 0.0,
        "ema_decay": 0.0,
    }
    config.learning_rate = {
        "base": 0.1,
        "schedule": "piecewise",
        "warmup_epochs": 5.0,
        "warmup_steps": config_dict.placeholder(int),
        "drop_epochs": (100.0, 200.0, 265.0),
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
        "block_size": 7,
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
            hyper.sweep("config.regularizer.block_size", [1, 3, 5, 7]),
        ]
    )
