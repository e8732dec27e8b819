"""The first examples of the evaluation split."""

import contextlib
from collections.abc import Iterator

import numpy as np

from tasks import Batch, Task


def first_examples(task: Task, count: int) -> Iterator[tuple[Batch, np.ndarray]]:
    """Yields batches of the evaluation split, and which rows of each are examples to take.

    There are ``count`` in all, or as many as the split has; images that do not decode are passed
    over. Every process gets all of them.
    """
    found = 0
    with contextlib.closing(task.eval_batches(0, 1)) as batches:
        for batch in batches:
            rows = np.flatnonzero(batch["mask"])[: count - found]
            found += len(rows)
            yield batch, rows
            if found == count:
                break
