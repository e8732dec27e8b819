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

from ml_collections import ConfigDict

from configs import common, figures

FIGURES = figures.Figures(
    rows=common.table1(cutout=16, autoaugment="cifar10"),
    table1_keep_probs=(0.7, 0.8, 0.9),
    figure3_alone=False,  # with Table 1, which has the other lines
    keep_probs=(0.7, 0.8, 0.9),
    # The maps are 8x8 in group 3 and 4x4 in group 4.
    block_sizes={(4,): (1, 3, 5), (3, 4): (1, 3, 5)},
)
VARIANTS = figures.GRIDS


def get_config(variant: str = "networks") -> ConfigDict:
    config = common.base()
    config.steps = 1000
    config.batch_size = 100
    config.eval_every = 250
    config.checkpoint_every = 500
    config.data.update(common.CIFAR10 | {"train_split": "train[:2%]"})
    config.model.update({"depth": 10, "width": 8, "small_images": True})
    config.optimizer.update({"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4})
    config.learning_rate.update({"base": 0.2, "warmup_epochs": 2.0})
    config.regularizer.block_size = 3
    return config


def get_hyper(hyper, variant: str = "networks"):
    """The runs of one table or figure, each over the seeds."""
    return FIGURES.grid(hyper, variant)
