"""A count of the images of a split that did not decode, with a limit."""

import logging
import threading

from data.errors import DataError

NAMES_SHOWN = 3


class TooManyBadImages(DataError):
    """More images of a split do not decode than `config.data.max_bad_share` allows."""


class BadImages:
    """Distinct images that did not decode, seen by this process. Safe to share between threads.

    Args:
      split: what the messages call the split, such as `imagenet2012 train`.
      num_examples: images in the split.
      max_share: largest tolerated share of them, 0 to 1. One image is always tolerated.
    """

    def __init__(self, split: str, num_examples: int, max_share: float):
        self._split = split
        self._num_examples = num_examples
        self._max_share = max_share
        self._names: dict[int, str] = {}
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Number of distinct bad images so far."""
        return len(self._names)

    def add(self, index: int, name: str, error: Exception) -> None:
        """Counts the split's example `index`; only its first time matters and is logged.

        Raises:
          TooManyBadImages: there are now more than `max_share` of the split.
        """
        with self._lock:
            new = index not in self._names
            self._names[index] = name
            count = len(self._names)
        if new:
            logging.warning("%s: left out %s: %s", self._split, name, error)
        if count > max(1, self._max_share * self._num_examples):
            shown = ", ".join(list(self._names.values())[:NAMES_SHOWN])
            raise TooManyBadImages(
                f"{self._split}: {count} of {self._num_examples} images do not decode "
                f"({count / self._num_examples:.2%}, config.data.max_bad_share is "
                f"{self._max_share:.2%}): {shown}{', ...' if count > NAMES_SHOWN else ''}"
            )
