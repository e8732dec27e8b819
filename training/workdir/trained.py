"""A run's checkpoint that is looked at, not trained on."""

import sys
from pathlib import Path

from runfiles import evaluations
from training.devices import processes
from training.workdir.checkpoints import Checkpoints


def find_trained(workdir: Path, best_metric: str, which: str) -> tuple[Checkpoints, int]:
    """Finds a run's "latest" or "best" whole checkpoint; damaged ones are named on stderr.

    Returns:
      The run's checkpoints, to read only, and the step.

    Raises:
      FileNotFoundError: there is none yet.
      Refused: all are damaged.
    """
    scores = evaluations(workdir, best_metric)
    checkpoints = Checkpoints(workdir, scores, read_only=True)
    step = checkpoints.best() if which == "best" else checkpoints.latest()
    if step is None:
        raise FileNotFoundError(f"--workdir={workdir} holds no checkpoint to evaluate yet.")
    if processes.is_first():
        for damaged, reason in checkpoints.damaged.items():
            print(f"the checkpoint of step {damaged} is damaged ({reason})", file=sys.stderr)
    return checkpoints, step
