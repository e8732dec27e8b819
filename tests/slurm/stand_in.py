"""Stands in for train.py: SIGTERM saves and ends it with 143; the same command then completes."""

import os
import signal
import sys
import time
from pathlib import Path

checkpoint = Path(sys.argv[1].removeprefix("--workdir=")) / "checkpoint"
process = os.environ["SLURM_PROCID"]


def save(number, frame):
    signal.signal(number, signal.SIG_IGN)  # at a time limit Slurm sends it twice
    time.sleep(1)
    if process == "0":
        checkpoint.touch()
    print(f"{process} saved", flush=True)
    sys.exit(128 + number)


if checkpoint.exists():
    print(f"{process} complete")
else:
    signal.signal(signal.SIGTERM, save)
    print(f"{process} started", flush=True)
    time.sleep(600)
