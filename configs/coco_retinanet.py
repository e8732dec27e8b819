"""COCO, RetinaNet with a ResNet-50 (Ghiasi et al. 2018, section 4.3 and Table 4).

    python train.py --config=configs/coco_retinanet.py:dropblock --workdir=runs/coco

The recipe is that of the repository tensorflow/tpu of October 2018, from random initialisation for
150 epochs. For the paper's 28 epochs of fine-tuning add

    --config=configs/coco_retinanet.py:finetune --config.init_from=IMAGENET_RUN

Where in the ResNet the paper drops, and by which schedule, it does not say: here as in its Table 1,
in groups 3 and 4 with keep_prob 0.9, scheduled. docs/detection.md has what else differs.
"""

from ml_collections import ConfigDict

from configs import common

EPOCHS, FINETUNE_EPOCHS = 150.0, 28.0
#: When the learning rate falls to a tenth, as parts of the run.
DROPS = (0.8, 0.93)
VARIANTS = common.DETECTION | {"finetune": common.finetune(epochs=FINETUNE_EPOCHS, drops=DROPS)}


def get_config(variant: str = "dropblock") -> ConfigDict:
    config = common.base()
    config.task = {"name": "detection"}
    config.eval_every = 9240
    config.checkpoint_every = 1848
    config.data.update(common.DETECTION_DATA | {"name": "coco/2017", "image_size": 640})
    config.model = {"name": "retinanet", "depth": 50}
    common.dense_recipe(config, epochs=EPOCHS, learning_rate=0.08, drops=DROPS)
    config.optimizer.weight_decay = 1e-4
    config.regularizer.update({"keep_prob": 0.9, "block_size": 5})
    config.update_from_flattened_dict(VARIANTS[variant])
    return config


def get_hyper(hyper):
    """The block sizes of Table 4."""
    return hyper.sweep("config.regularizer.block_size", (1, 3, 5, 7))
