"""VOC 2012 with the augmented labels, ResNet-101-FPN (Ghiasi et al. 2018, section 4.4 and Table 5).

    python train.py --config=configs/voc_segmentation.py:dropblock --workdir=runs/voc

The recipe is that of the repository tensorflow/tpu of October 2018, from random initialisation
for 500 epochs, as the paper has it; when its learning rate drops then is not stated: here at the
same parts of the run as in the 45 epochs of fine-tuning. For these add

    --config=configs/voc_segmentation.py:finetune --config.init_from=IMAGENET_RUN

Where this differs: padding is ignored instead of being background; biases and batch norms are not
decayed; every validation image is scored once, at its own size.
"""

from ml_collections import ConfigDict

from configs import common

#: Of 10,582 images; 1,449 for validation.
EPOCHS, FINETUNE_EPOCHS = 500.0, 45.0
DROPS = (25 / 45, 35 / 45)
VARIANTS = common.SEGMENTATION | {
    "finetune": {
        "epochs": FINETUNE_EPOCHS,
        "learning_rate.drop_epochs": tuple(FINETUNE_EPOCHS * drop for drop in DROPS),
    },
}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.task = {"name": "segmentation"}
    config.epochs = EPOCHS
    config.batch_size = 64
    config.eval_every = 1650
    config.checkpoint_every = 1650
    config.precision = "bfloat16"
    config.data.update(
        common.SEGMENTATION_DATA
        | {
            "name": "voc2012_segmentation",
            "train_split": "trainaug",
            "eval_split": "validation",
            "image_size": (513, 513),
            "label_size": (500, 500),
            "threads": 16,
            "prefetch": 16,
        }
    )
    config.model = {"name": "segmentation", "depth": 101, "frozen": ("backbone.stem.conv",)}
    config.optimizer.update({"momentum": 0.9, "weight_decay": 1e-5})
    # 0.02 for the batch of 64, from 0.002.
    config.learning_rate.update(
        {
            "base": 0.02 * 256 / 64,
            "schedule": "piecewise",
            "warmup_epochs": 1.0,
            "drop_epochs": tuple(EPOCHS * drop for drop in DROPS),
        }
    )
    config.regularizer.update({"keep_prob": 0.2, "block_size": 32})
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """The grid of sweep.py: Table 5's block sizes, and keep_prob."""
    return common.grid(hyper, keep_probs=(0.2, 0.5, 0.8), block_sizes=(1, 16, 32, 48))
