"""The paper's figures and Table 1 on digits: few images, many epochs, so regularisers matter.

    python sweep.py --config=configs/digits_few.py:figure3 --workdir=runs/paper/figure3

100 images train a network, the other 1697 judge it. All rows have the same network, images and
steps. They were chosen in three trials without a regulariser and with DropBlock at some keep_probs:
200 images at 32x32 for 300 steps are not learned to the end; at 24x24 for 500 steps they are, and
95 % of the others are then recognised, with or without DropBlock; 100 images leave more to gain.
"""

from ml_collections import ConfigDict

from configs import common, figures

FIGURES = figures.Figures(
    rows=common.table1(cutout=6, autoaugment="cifar10"),
    left_out=("autoaugment",),  # it needs colours
    keep_probs=(0.5, 0.7, 0.8, 0.9, 0.95),
    # Up to the whole map, 6x6 in group 3 and 3x3 in group 4.
    block_sizes={(4,): (1, 2, 3), (3, 4): (1, 2, 3, 6)},
)
VARIANTS = figures.GRIDS


def get_config(variant: str = "networks") -> ConfigDict:
    config = common.base()
    config.steps = 400
    config.batch_size = 50
    config.eval_every = 100
    config.checkpoint_every = 100
    config.log_every = 50
    config.data.update(
        common.DIGITS
        | {"image_size": 24, "train_split": "train[:100]", "eval_split": "train[100:]+test"}
    )
    config.model.update({"depth": 10, "width": 8, "small_images": True})
    config.optimizer.update({"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4})
    config.learning_rate.update({"base": 0.4, "warmup_epochs": 2.0})
    config.regularizer.block_size = 3
    return config


def get_hyper(hyper, variant: str = "networks"):
    """The runs of one table or figure, each over the seeds."""
    return FIGURES.grid(hyper, variant)
