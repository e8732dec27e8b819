"""Every field of a config, once, with nothing switched on; and the rows of the paper's Table 1.

A config starts from :func:`base` and says only what is its own. The fields of ``model``, and those
that a task, a preprocessing, a regulariser or an optimizer takes beyond the ones here, are the
keyword arguments of its constructor: what a config leaves out has the constructor's default, and
``--print_config`` shows them all.
"""

from ml_collections import ConfigDict, config_dict


def base() -> ConfigDict:
    """The fields that every run has."""
    config = ConfigDict()
    config.seed = 0
    # The workdir of a run, or a file of torchvision's or timm's ResNet, to start from.
    config.init_from = config_dict.placeholder(str)
    # The length of training: steps wins where both are given.
    config.steps = config_dict.placeholder(int)
    config.epochs = config_dict.placeholder(float)
    config.batch_size = 128
    # In steps.
    config.eval_every = 1000
    config.checkpoint_every = 1000
    config.log_every = 100
    config.precision = "float32"
    # Axis -> devices; -1 takes those that are left.
    config.mesh = {"data": -1, "fsdp": 1}

    config.task = {"name": "classification"}
    config.data = {
        "name": config_dict.placeholder(str),
        "data_dir": config_dict.placeholder(str),
        "train_split": "train",
        "eval_split": "test",
        # Empty for those that the data set has.
        "class_names": (),
        "preprocess": config_dict.placeholder(str),
        "threads": 2,
        "prefetch": 4,
        "max_bad_share": 0.01,
    }
    config.model = {"name": "resnet"}

    # The other fields are the arguments of the optax function of that name. weight_decay is
    # "l2", a part of the gradient, or "decoupled" from it, for the optimizers that take it.
    config.optimizer = {
        "name": "sgd",
        "weight_decay": 0.0,
        "weight_decay_kind": "l2",
        "clip_norm": 0.0,
        "ema_decay": 0.0,
    }
    # base is per 256 images of batch size; times are in steps or epochs, and steps win.
    config.learning_rate = {
        "base": 0.1,
        "schedule": "cosine",
        "warmup_epochs": 0.0,
        "warmup_steps": config_dict.placeholder(int),
        # piecewise
        "drop_epochs": (),
        "drop_steps": (),
        "drop_factor": 0.1,
        # exponential
        "decay_epochs": 2.4,
        "decay_factor": 0.97,
        "floor": 1e-4,
    }

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
    # Beside the regularizer: DropPath on the branches of all groups, scheduled, and dropout
    # before the last layer. 1 is off.
    config.drop_path_keep_prob = 1.0
    config.dropout_keep_prob = 1.0
    return config


def table1(*, cutout: int, autoaugment: str) -> dict[str, dict]:
    """The rows of the paper's Table 1, as what each changes in the baseline.

    Args:
      cutout: side of the square, in pixels.
      autoaugment: the policy's name.
    """
    smoothing = {"task.label_smoothing": 0.1}
    return {
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
        "cutout": {"data.cutout": cutout},
        "autoaugment": {"data.autoaugment": autoaugment},
        "label_smoothing": smoothing,
        "dropblock": {"regularizer.name": "dropblock"},
        "dropblock_label_smoothing": {"regularizer.name": "dropblock"} | smoothing,
    }


def grid(hyper, *, keep_probs, block_sizes):
    """DropBlock's keep_probs times its block sizes, for ``get_hyper``."""
    return hyper.product(
        [
            hyper.sweep("config.regularizer.keep_prob", keep_probs),
            hyper.sweep("config.regularizer.block_size", block_sizes),
        ]
    )


#: Means and deviations of the channels of photographs, from 0 to 1: ImageNet's.
PHOTOGRAPHS = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}

#: ``config.data`` of each data set, and of each kind.
DIGITS = {
    "name": "digits",
    "preprocess": "digits",
    "image_size": 32,
    "mean": (0.3,),
    "std": (0.38,),
}
CIFAR10 = {
    "name": "cifar10",
    "preprocess": "cifar",
    "image_size": 32,
    "mean": (0.4914, 0.4822, 0.4465),
    "std": (0.2470, 0.2435, 0.2616),
}
IMAGENET = {
    "name": "imagenet2012",
    "preprocess": "imagenet",
    "eval_split": "validation",
    "threads": 16,
    "prefetch": 16,
} | PHOTOGRAPHS
SEGMENTATION_DATA = {"preprocess": "segmentation"} | PHOTOGRAPHS
DETECTION_DATA = {"preprocess": "detection"} | PHOTOGRAPHS

#: The rows of the paper's section 4.4, as what each changes in the baseline.
SEGMENTATION = {
    "baseline": {},
    "dropblock": {"regularizer.name": "dropblock", "regularizer.branches": True},
    "dropblock_backbone": {
        "regularizer.name": "dropblock",
        "regularizer.keep_prob": 0.9,
        "regularizer.block_size": 7,
    },
}

#: The rows of the paper's section 4.3, as what each changes in the baseline.
DETECTION = {"baseline": {}, "dropblock": {"regularizer.name": "dropblock"}}

#: ``config.optimizer`` of Table 2: RMSProp as TensorFlow's, whose squares begin at 1 and whose
#: epsilon is under the root (Real et al. 2018, arXiv 1802.01548, and the authors' code).
RMSPROP = {"name": "rmsprop", "momentum": 0.9, "decay": 0.9, "eps": 1.0, "initial_scale": 1.0}

#: A small AmoebaNet-B, trained by Table 2's recipe in small.
SMALL_AMOEBANET = {
    "model": {
        "name": "amoebanet",
        "cell": "b",
        "num_cells": 1,
        "num_filters": 16,
        "small_images": True,
        "momentum": 0.9,
    },
    "optimizer": RMSPROP | {"weight_decay": 5e-4, "clip_norm": 10.0, "ema_decay": 0.99},
    "learning_rate.schedule": "exponential",
    "task.label_smoothing": 0.1,
    "task.aux_weight": 0.4,
    "drop_path_keep_prob": 0.9,
    "dropout_keep_prob": 0.5,
    "regularizer.groups": (4,),
}


def dense_recipe(config: ConfigDict, *, epochs: float, learning_rate: float, drops) -> None:
    """Sets the recipe of the dense tasks of tensorflow/tpu, for 64 images of a large data set.

    Args:
      config: changed in place.
      epochs: the length of training.
      learning_rate: for 64 images, after one epoch of warm-up.
      drops: when it falls to a tenth, as parts of the run.
    """
    config.epochs = epochs
    config.batch_size = 64
    config.precision = "bfloat16"
    config.data.update({"eval_split": "validation", "threads": 16, "prefetch": 16})
    config.model.frozen = ("backbone.stem.conv",)
    config.optimizer.momentum = 0.9
    config.learning_rate.update(
        {
            "base": learning_rate * 256 / 64,
            "schedule": "piecewise",
            "warmup_epochs": 1.0,
            "drop_epochs": tuple(epochs * drop for drop in drops),
        }
    )


def finetune(*, epochs: float, drops) -> dict:
    """The same recipe for so many epochs, as what a variant changes."""
    return {
        "epochs": epochs,
        "learning_rate.drop_epochs": tuple(epochs * drop for drop in drops),
    }
