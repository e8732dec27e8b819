"""Metrics: trees of arrays that are made of a batch, merged over batches, and turned into values.

A metric that is a sum, such as :class:`Mean`, is summed on the device over the whole batch, and its
``merge`` adds. One that is not a sum holds a row for each example, and its ``merge`` concatenates
them on the host. Either way every example counts once, on any number of devices and processes.
"""

from metrics.coco_ap import CocoAP, Detections, Truth
from metrics.confusion import ConfusionMatrix
from metrics.mean import Mean
from metrics.metric_set import MetricSet
from metrics.topk import top_k

__all__ = ["CocoAP", "ConfusionMatrix", "Detections", "Mean", "MetricSet", "Truth", "top_k"]
