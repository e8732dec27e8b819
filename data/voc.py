"""PASCAL VOC 2012 with the labels of SBD: its classes and how many images there are.

Source: Everingham et al. 2010; Hariharan et al. 2011, the Semantic Boundaries Dataset.
"""

#: In the order of the labels.
CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
)  # fmt: skip
#: Images of each split.
COUNTS = {"train": 1_464, "trainaug": 10_582, "validation": 1_449}
