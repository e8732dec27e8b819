"""The paper's own numbers."""

from typing import Any

#: (top-1, top-5) of ResNet-50 on ImageNet, in %: Ghiasi et al. 2018, Table 1; in its order.
PUBLISHED = {
    "baseline": ("76.51 ± 0.07", "93.20 ± 0.05"),
    "dropout": ("76.80 ± 0.04", "93.41 ± 0.04"),
    "drop_path": ("77.10 ± 0.08", "93.50 ± 0.05"),
    "spatial_dropout": ("77.41 ± 0.04", "93.74 ± 0.02"),
    "cutout": ("76.52 ± 0.07", "93.21 ± 0.04"),
    "autoaugment": ("77.63", "93.82"),
    "label_smoothing": ("77.17 ± 0.05", "93.45 ± 0.03"),
    "dropblock": ("78.13 ± 0.05", "94.02 ± 0.02"),
    "dropblock + label_smoothing": ("78.35 ± 0.05", "94.15 ± 0.03"),
}


def published_mean(row: str) -> float:
    """The top-1 accuracy of a row, in %."""
    return float(PUBLISHED[row][0].split()[0])


def is_papers_network(config: dict[str, Any]) -> bool:
    """Whether a run's accuracy can stand on one axis with these: ResNet-50 on ImageNet."""
    model = config["model"]
    is_resnet50 = model.get("name") == "resnet" and model.get("depth") == 50
    return is_resnet50 and str(config["data"]["name"]).startswith("imagenet2012")


#: Mean IoU on PASCAL VOC 2012, in %, from random initialisation: Table 5. block_size -> with
#: DropBlock on the fully convolutional branches, keep_prob 0.2.
TABLE5 = {1: 48.2, 16: 53.4, 32: 54.3, 48: 54.1}
TABLE5_WITHOUT, TABLE5_KEEP_PROB = 47.7, 0.2
