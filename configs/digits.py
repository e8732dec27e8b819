"""The handwritten digits that ship inside scikit-learn: minutes on a laptop, nothing to download.

python train.py --config=configs/digits.py:dropblock --workdir=runs/digits
"""

from ml_collections import ConfigDict

from configs import common

AMOEBANET = common.SMALL_AMOEBANET | {
    "learning_rate.decay_epochs": 1.0,
    "learning_rate.decay_factor": 0.85,
    "data.image_size": 16,
    "steps": 400,
}
VARIANTS = common.table1(cutout=8, autoaugment="cifar10") | {
    "amoebanet": AMOEBANET,
    "amoebanet_dropblock": AMOEBANET | {"regularizer.name": "dropblock"},
}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.steps = 700
    config.batch_size = 64
    config.eval_every = 100
    config.checkpoint_every = 100
    config.log_every = 10
    config.data.update(common.DIGITS)
    config.model.update({"depth": 18, "width": 16, "small_images": True})
    config.optimizer.update({"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4})
    config.learning_rate.update({"base": 0.4, "warmup_epochs": 2.0})
    config.regularizer.block_size = 3
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """The grid of sweep.py: keep_prob and block_size of DropBlock."""
    return common.grid(hyper, keep_probs=(0.8, 0.9, 0.95), block_sizes=(1, 3, 5))
