"""Boxes on the device: anchors, matching, codes, losses and detection, all of static shapes.

A box is (top, left, bottom, right), float32: edges in pixels of the padded image, of which the
first pixel spans 0 to 1. Nowhere is 1 added to a side.
"""

from tasks.boxes.anchors import RATIOS, check_anchors, make_anchors
from tasks.boxes.coding import decode, encode
from tasks.boxes.detection import Detections, check_detection, detect
from tasks.boxes.losses import Losses, detection_losses, focal_loss, huber_loss
from tasks.boxes.matching import Matches, check_matching, match
from tasks.boxes.nms import nms
from tasks.boxes.targets import Targets, make_targets

__all__ = [
    "RATIOS",
    "Detections",
    "Losses",
    "Matches",
    "Targets",
    "check_anchors",
    "check_detection",
    "check_matching",
    "decode",
    "detect",
    "detection_losses",
    "encode",
    "focal_loss",
    "huber_loss",
    "make_anchors",
    "make_targets",
    "match",
    "nms",
]
