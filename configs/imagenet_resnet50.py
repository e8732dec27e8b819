"""ImageNet, ResNet-50: the paper's recipe (Ghiasi et al. 2018, section 4.1 and Table 1).

python train.py --config=configs/imagenet_resnet50.py:dropblock --workdir=runs/imagenet
"""

from ml_collections import ConfigDict

from configs import common

VARIANTS = common.table1(cutout=112, autoaugment="imagenet")
VARIANTS["dropblock_label_smoothing"]["epochs"] = 330.0


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.epochs = 300.0
    config.batch_size = 1024
    config.eval_every = 1251
    config.checkpoint_every = 1251
    config.precision = "bfloat16"
    config.data.update(common.IMAGENET | {"image_size": 224})
    config.model.update({"depth": 50, "width": 64})
    config.optimizer.update({"momentum": 0.9, "nesterov": True, "weight_decay": 1e-4})
    config.learning_rate.update(
        {"schedule": "piecewise", "warmup_epochs": 5.0, "drop_epochs": (100.0, 200.0, 265.0)}
    )
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """The grid of sweep.py: keep_prob and block_size of DropBlock."""
    return common.grid(hyper, keep_probs=(0.8, 0.9, 0.95), block_sizes=(1, 3, 5, 7))
