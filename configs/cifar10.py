"""CIFAR-10, ResNet-18 at full width.

    python train.py --config=configs/cifar10.py:dropblock --workdir=runs/cifar10

The paper has no CIFAR recipe; this is the usual one for a ResNet of this size.
"""

from ml_collections import ConfigDict

from configs import common

VARIANTS = common.table1(cutout=16, autoaugment="cifar10") | {
    "amoebanet": common.SMALL_AMOEBANET,
    "amoebanet_dropblock": common.SMALL_AMOEBANET | {"regularizer.name": "dropblock"},
}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.epochs = 200.0
    config.batch_size = 128
    config.eval_every = 391
    config.checkpoint_every = 1955
    config.log_every = 50
    config.precision = "bfloat16"
    config.data.update(common.CIFAR10 | {"threads": 8, "prefetch": 16})
    config.model.update({"depth": 18, "width": 64, "small_images": True})
    config.optimizer.update({"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4})
    config.learning_rate.update({"base": 0.2, "warmup_epochs": 5.0})
    config.regularizer.block_size = 3
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """The grid of sweep.py: keep_prob and block_size of DropBlock."""
    return common.grid(hyper, keep_probs=(0.8, 0.9, 0.95), block_sizes=(1, 3, 5, 7))
