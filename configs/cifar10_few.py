"""The paper's figures and Table 1 on a fiftieth of CIFAR-10: few images, so regularisers matter.

    python sweep.py --config=configs/cifar10_few.py:table1 --workdir=runs/cifar10/table1

1000 images train a network, the test set judges it. All rows have the same network, images and
steps, and every regulariser the same keep_probs. They were chosen by the network without a
regulariser (seed 100): with a tenth, 1200 steps at width 8 end at 59 % of the training and 56 % of
the test images, which leaves nothing to regularise; with a fiftieth, 1000 steps at 72 and 45 %.
On a larger machine, the whole training set and the usual network:

    ... --config.data.train_split=train --config.model.depth=18 --config.model.width=64
        --config.precision=bfloat16 --config.steps=20000 --config.eval_every=1000
"""

from ml_collections import ConfigDict, config_dict

SEEDS = (0, 1, 2)
KEEP_PROBS = (0.7, 0.8, 0.9)
#: The maps are 8x8 in group 3 and 4x4 in group 4.
BLOCK_SIZES = (1, 3, 5)

REGULARIZER = "config.regularizer"


def get_config(variant: str = "networks") -> ConfigDict:
    config = ConfigDict()
    config.task = "classification"
    config.seed = 0
    config.steps = 1000
    config.epochs = config_dict.placeholder(float)
    config.batch_size = 100
    config.eval_every = 250
    config.checkpoint_every = 500
    config.log_every = 100
    config.precision = "float32"
    config.mesh = {"data": -1, "fsdp": 1}

    config.data = {
        "name": "cifar10",
        "data_dir": config_dict.placeholder(str),
        "train_split": "train[:2%]",
        "eval_split": "test",
        "preprocess": "cifar",
        "image_size": 32,
        "mean": (0.4914, 0.4822, 0.4465),
        "std": (0.2470, 0.2435, 0.2616),
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
        "base": 0.2,
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
    """The rows of Table 1, where there is a keep_prob with each of them."""
    dropblock = _fields(name="dropblock")
    smoothing = {"config.label_smoothing": 0.1}
    regularized = [
        _fields(name="dropout", schedule="constant"),
        _fields(name="drop_path", groups=(4,)),
        _fields(name="spatial_dropout", schedule="constant"),
        dropblock,
        dropblock | smoothing,
    ]
    others = [{"config.data.cutout": 16}, {"config.data.autoaugment": "cifar10"}, smoothing]
    keep_probs = hyper.sweep(f"{REGULARIZER}.keep_prob", KEEP_PROBS)
    return hyper.chainit([[_fields(name="none")], hyper.product([regularized, keep_probs]), others])


def _figure3(hyper):
    """Accuracy against keep_prob: the lines that Table 1 does not have."""
    lines = [
        _fields(name="dropblock", schedule="constant", on_skip=False),
        _fields(name="dropblock", on_skip=False),
    ]
    return hyper.product([lines, hyper.sweep(f"{REGULARIZER}.keep_prob", KEEP_PROBS)])


def _figure4(hyper):
    """Accuracy against block_size."""
    lines = [
        _fields(name="dropblock", schedule="constant", on_skip=False),
        _fields(name="dropblock", schedule="constant"),
        _fields(name="dropblock"),
    ]
    groups = [_fields(groups=(4,)), _fields(groups=(3, 4))]
    sizes = hyper.sweep(f"{REGULARIZER}.block_size", BLOCK_SIZES)
    return hyper.product([lines, groups, sizes])


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
