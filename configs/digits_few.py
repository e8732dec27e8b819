"""The paper's figures and Table 1 on digits: few images, many epochs, so regularisers matter.

    python sweep.py --config=configs/digits_few.py:figure3 --workdir=runs/paper/figure3

100 images train a network, the other 1697 judge it. All rows have the same network, images and
steps. They were chosen in three trials without a regulariser and with DropBlock at some keep_probs:
200 images at 32x32 for 300 steps are not learned to the end; at 24x24 for 500 steps they are, and
95 % of the others are then recognised, with or without DropBlock; 100 images leave more to gain.
"""

from ml_collections import ConfigDict, config_dict

SEEDS = (0, 1, 2)
KEEP_PROBS = (0.5, 0.7, 0.8, 0.9, 0.95)
#: By groups: up to the whole map, 6x6 in group 3 and 3x3 in group 4.
BLOCK_SIZES = {(4,): (1, 2, 3), (3, 4): (1, 2, 3, 6)}

REGULARIZER = "config.regularizer"


def get_config(variant: str = "networks") -> ConfigDict:
    config = ConfigDict()
    config.task = "classification"
    config.seed = 0
    config.steps = 400
    config.epochs = config_dict.placeholder(float)
    config.batch_size = 50
    config.eval_every = 100
    config.checkpoint_every = 100
    config.log_every = 50
    config.precision = "float32"
    config.mesh = {"data": -1, "fsdp": 1}

    config.data = {
        "name": "digits",
        "data_dir": config_dict.placeholder(str),
        "train_split": "train[:100]",
        "eval_split": "train[100:]+test",
        "preprocess": "digits",
        "image_size": 24,
        "mean": (0.3,),
        "std": (0.38,),
        "threads": 2,
        "prefetch": 4,
        "max_bad_share": 0.01,
        "autoaugment": "none",
        "cutout": 0,
    }
    config.model = {"name": "resnet", "depth": 10, "width": 8, "small_images": True}

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
    return config


def get_hyper(hyper, variant: str = "networks"):
    """The runs of one table or figure, each over the seeds."""
    return hyper.product([GRIDS[variant](hyper), hyper.sweep("config.seed", SEEDS)])


def _table1(hyper):
    """The rows of Table 1; AutoAugment needs colours."""
    dropblock = _fields(name="dropblock")
    smoothing = {"config.label_smoothing": 0.1}
    return [
        _fields(name="none"),
        _fields(name="dropout", keep_prob=0.7, schedule="constant"),
        _fields(name="drop_path", groups=(4,)),
        _fields(name="spatial_dropout", schedule="constant"),
        {"config.data.cutout": 6},
        smoothing,
        dropblock,
        dropblock | smoothing,
    ]


def _figure3(hyper):
    """Accuracy against keep_prob."""
    lines = [
        _fields(name="dropout", schedule="constant"),
        _fields(name="dropblock", schedule="constant", on_skip=False),
        _fields(name="dropblock", on_skip=False),
        _fields(name="dropblock"),
    ]
    keep_probs = hyper.sweep(f"{REGULARIZER}.keep_prob", KEEP_PROBS)
    return hyper.chainit([[_fields(name="none")], hyper.product([lines, keep_probs])])


def _figure4(hyper):
    """Accuracy against block_size."""
    lines = [
        _fields(name="dropblock", schedule="constant", on_skip=False),
        _fields(name="dropblock", schedule="constant"),
        _fields(name="dropblock"),
    ]
    sizes = [
        hyper.product([[_fields(groups=groups)], hyper.sweep(f"{REGULARIZER}.block_size", sizes)])
        for groups, sizes in BLOCK_SIZES.items()
    ]
    return hyper.product([lines, hyper.chainit(sizes)])


def _networks(hyper):
    """The networks of Figures 5 and 6: without DropBlock, with block 1 and with large blocks."""
    return [
        _fields(name="none"),
        _fields(name="dropblock", block_size=1),
        _fields(name="dropblock", block_size=3),
    ]


GRIDS = {"table1": _table1, "figure3": _figure3, "figure4": _figure4, "networks": _networks}
VARIANTS = tuple(GRIDS)


def _fields(**values):
    return {f"{REGULARIZER}.{name}": value for name, value in values.items()}
