"""CIFAR-10, ResNet-18 at full width.

    python train.py --config=configs/cifar10.py:dropblock --workdir=runs/cifar10

The paper has no CIFAR recipe; this is the usual one for a ResNet of this size.
"""

from ml_collections import ConfigDict, config_dict

VARIANTS = ("baseline", "dropblock")


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = ConfigDict()
    config.task = "classification"
    config.seed = 0
    config.steps = config_dict.placeholder(int)
    config.epochs = 200.0
    config.batch_size = 128
    config.eval_every = 391
    config.checkpoint_every = 1955
    config.log_every = 50
    config.precision = "bfloat16"
    config.mesh = {"data": -1}

    config.data = {
        "name": "cifar10",
        "data_dir": config_dict.placeholder(str),
        "train_split": "train",
        "eval_split": "test",
        "preprocess": "cifar",
        "image_size": 32,
        "mean": (0.4914, 0.4822, 0.4465),
        "std": (0.2470, 0.2435, 0.2616),
        "threads": 8,
        "prefetch": 16,
        "max_bad_share": 0.01,
    }
    config.model = {"name": "resnet", "depth": 18, "width": 64, "small_images": True}

    # Learning rates are per 256 images of batch size.
    config.optimizer = {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
    config.learning_rate = {
        "base": 0.2,
        "schedule": "cosine",
        "warmup_epochs": 5.0,
        "warmup_steps": config_dict.placeholder(int),
        "drop_epochs": (),
        "drop_steps": (),
        "drop_factor": 0.1,
    }

    config.regularizer = {
        "name": "none" if variant == "baseline" else variant,
        "keep_prob": 0.9,
        "block_size": 3,
        "groups": (3, 4),
        "schedule": "linear",
        "on_skip": True,
        "gamma": "paper",
    }
    return config
