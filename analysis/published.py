"""The paper's own numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Published:
    """A metric of the paper's against block_size, in %.

    Attributes:
      what: the data set, and how DropBlock was applied.
      without: the value without it.
      by_block_size: block_size -> value.
    """

    what: str
    without: float
    by_block_size: Mapping[int, float]


#: AP of RetinaNet, from random initialisation: Table 4.
TABLE4 = Published("COCO, keep_prob 0.9", 36.8, {1: 37.9, 3: 38.3, 5: 38.4, 7: 38.2})
#: Mean IoU of ResNet-101-FPN, from random initialisation: Table 5.
TABLE5 = Published(
    "VOC 2012, branches, keep_prob 0.2", 47.7, {1: 48.2, 16: 53.4, 32: 54.3, 48: 54.1}
)
