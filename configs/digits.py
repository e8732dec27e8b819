"""The handwritten digits that ship inside scikit-learn: minutes on a laptop, nothing to download.

python train.py --config=configs/digits.py:dropblock --workdir=runs/digits
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
    "cutout": {"data.cutout": 8},
    "autoaugment": {"data.autoaugment": "cifar10"},
    "label_smoothing": {"label_smoothing": 0.1},
    "dropblock": {"regularizer.name": "dropblock"},
    "dropblock_label_smoothing": {
        "regularizer.name": "dropblock",
        "label_smoothing": 0.1,
    },
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
    config.optimizer = {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
    config.learning_rate = {
        "base": 0.4,
        "schedule": "cosine",
        "warmup_epochs": 2.0,
        "warmup_steps": config_dict.placeholder(int),
        "drop_epochs": (),
        "drop_steps": (),
        "drop_factor": 0.1,
    }

    config.label_smoothing = 0.0
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
