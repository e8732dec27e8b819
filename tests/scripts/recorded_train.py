"""train.py, which also notes every batch that it reads, in the folder $RECORD.

One JSON line a batch: the step, the process, and a hash of every row, image and label.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import train
from tasks.classification import Classification

read = Classification.train_batches


def recorded(task, start_step, process, processes):
    batches = read(task, start_step, process, processes)
    name = f"{start_step}-{process}-{os.getpid()}.jsonl"
    return Recorded(batches, start_step, process, Path(os.environ["RECORD"]) / name)


class Recorded:
    def __init__(self, batches, step, process, path):
        self._batches, self._step, self._process = batches, step, process
        self._file = path.open("w")

    def __getattr__(self, name):
        return getattr(self._batches, name)

    def __next__(self):
        batch = next(self._batches)
        line = {"step": self._step, "process": self._process, "rows": hashes(batch)}
        print(json.dumps(line), file=self._file, flush=True)
        self._step += 1
        return batch


def hashes(batch):
    """One for every row of a batch."""
    rows = zip(batch["image"], batch["label"], strict=True)
    return [hashlib.sha256(image.tobytes() + label.tobytes()).hexdigest() for image, label in rows]


if __name__ == "__main__":
    Classification.train_batches = recorded
    train.main(sys.argv)
