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
VARIANTS = common.SEGMENTATION | {"finetune": common.finetune(epochs=FINETUNE_EPOCHS, drops=DROPS)}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.task = {"name": "segmentation"}
    config.eval_every = 1650
    config.checkpoint_every = 1650
    config.data.update(
        common.SEGMENTATION_DATA
        | {
            "name": "voc2012_segmentation",
            "train_split": "trainaug",
            "image_size": (513, 513),
            "label_size": (500, 500),
        }
    )
    config.model = {"name": "segmentation", "depth": 101}
    common.dense_recipe(config, epochs=EPOCHS, learning_rate=0.02, drops=DROPS)
    config.optimizer.weight_decay = 1e-5
    config.regularizer.update({"keep_prob": 0.2, "block_size": 32})
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """The grid of sweep.py: Table 5's block sizes, and keep_prob."""
    return common.grid(hyper, keep_probs=(0.2, 0.5, 0.8), block_sizes=(1, 16, 32, 48))
