"""Images of your own with a class each, as `python -m data.prepare folder` writes them.

    python train.py --config=configs/folder.py --config.data.name=NAME --workdir=runs/NAME

A small ResNet-18 for hundreds of images on a laptop. For more, take a larger one, or begin with a
trained one: --config=configs/imagenet_resnet50.py with init_from.
"""

from ml_collections import ConfigDict

from configs import common

VARIANTS = common.table1(cutout=16, autoaugment="imagenet")


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.epochs = 30.0
    config.batch_size = 32
    config.eval_every = 100
    config.checkpoint_every = 100
    config.log_every = 10
    config.data.update(
        {"preprocess": "imagenet", "eval_split": "validation", "image_size": 64}
        | common.PHOTOGRAPHS
    )
    config.model.update({"depth": 18, "width": 16, "small_images": True})
    config.optimizer.update({"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4})
    config.learning_rate.update({"base": 0.4, "warmup_epochs": 2.0})
    config.regularizer.block_size = 3
    config.update_from_flattened_dict(VARIANTS[variant])
    return config
