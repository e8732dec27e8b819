"""What was written of a split, and what was not."""

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from data.decode import decode_labels
from data.prepare.contents import Key
from data.spec import Example


class Tally:
    """Counts of one split. Safe to share between threads.

    Attributes:
      examples: how many were written.
      labels: label -> how often it was: each box counts, and of a mask each class once.
      left_out: key of each broken example -> what is wrong with it.
      digests: of an image's bytes -> key of the first example with it.
    """

    def __init__(self) -> None:
        self.examples = 0
        self.labels: Counter[int] = Counter()
        self.left_out: dict[Key, str] = {}
        self.digests: dict[bytes, Key] = {}
        self._lock = threading.Lock()

    def add(self, key: Key, example: Example) -> None:
        """Counts an example that was written."""
        digest = hashlib.blake2b(example["image"], digest_size=16).digest()
        labels = _labels(example)
        with self._lock:
            self.examples += 1
            self.labels.update(labels)
            self.digests.setdefault(digest, key)

    def leave_out(self, key: Key, reason: str) -> None:
        """Counts an example that is broken."""
        with self._lock:
            self.left_out[key] = reason


def _labels(example: Example) -> list[int]:
    if "label" in example:
        return [example["label"]]
    if "objects" in example:
        return [item["label"] for item in example["objects"]]
    return np.unique(decode_labels(example["segmentation_label"])).tolist()


def duplicates(tallies: Mapping[str, Tally], nested: frozenset[str]) -> Sequence[str]:
    """Lists the images that two splits share, byte for byte.

    Args:
      tallies: split -> what was written.
      nested: splits that share images on purpose.
    """
    found = []
    splits = list(tallies)
    for index, second in enumerate(splits):
        for first in splits[:index]:
            if {first, second} <= nested:
                continue
            mine, theirs = tallies[first].digests, tallies[second].digests
            found += [
                f"{mine[digest]} ({first}) = {theirs[digest]} ({second})"
                for digest in mine.keys() & theirs.keys()
            ]
    return sorted(found)
