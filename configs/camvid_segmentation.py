"""CamVid street scenes, a small ResNet-FPN from random initialisation: minutes on 2 cores.

    python train.py --config=configs/camvid_segmentation.py:dropblock --workdir=runs/camvid

Few images and long training, so that the network learns its images nearly by heart and regularisers
matter: a quarter of the training images, 400 times each. The test split is the honest one:
the validation frames come from the training videos.
"""

from ml_collections import ConfigDict

from configs import common

VARIANTS = common.SEGMENTATION


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.task = {"name": "segmentation"}
    config.steps = 2000
    config.batch_size = 16
    config.eval_every = 500
    config.checkpoint_every = 500
    config.log_every = 50
    config.data.update(
        common.SEGMENTATION_DATA
        | {
            "name": "camvid",
            "train_split": "train[:25%]",
            "eval_split": "test",
            "image_size": (160, 208),
            "eval_size": (180, 240),
            "scale_range": (240 / 208, 240 / 208),
            "label_size": (360, 480),
            "ignored_label": 11,
        }
    )
    config.model = {"name": "segmentation", "depth": 18, "width": 16, "features": 48}
    config.model.momentum = 0.9
    config.optimizer.update({"momentum": 0.9, "weight_decay": 1e-4})
    config.learning_rate.update({"base": 1.6, "warmup_epochs": 10.0})
    config.regularizer.update({"keep_prob": 0.5, "block_size": 8})
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """The grid of sweep.py: keep_prob and block_size of DropBlock on the branches."""
    return common.grid(hyper, keep_probs=(0.2, 0.5, 0.8), block_sizes=(1, 4, 8, 16, 32))
