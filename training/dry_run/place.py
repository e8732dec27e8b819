"""Where a run would write, and from where it would go on."""

from pathlib import Path

from runfiles import is_complete, is_locked
from training.workdir.checkpoints import inspect


class Place:
    """A run's workdir, looked at and not touched.

    Args:
      workdir: None where none is given yet.
      steps: of the whole run.

    Attributes:
      step: that the run would start or resume from.
      words: where it would write, in words.
      notes: what is odd there.
    """

    def __init__(self, workdir: str | None, steps: int):
        self.step, self.notes = 0, list[str]()
        if workdir is None:
            self.words = "none given: --workdir=DIR"
            return
        folder = Path(workdir)
        whole, damaged = inspect(folder)
        self.step = max(whole, default=0)
        if self.step == steps and is_complete(folder):
            self.words = f"{workdir}: the run is complete, nothing is left to do"
        elif whole:
            self.words = f"{workdir}: resumes from step {self.step}"
        else:
            self.words = f"{workdir}: starts from step 0"
        if is_locked(folder):
            self.notes.append(f"a run is at work in {workdir}")
        self.notes += [
            f"the checkpoint of step {step} in {workdir} is damaged ({reason})"
            for step, reason in damaged.items()
        ]
        if damaged and not whole:
            self.notes.append(f"no checkpoint in {workdir} is whole: training does not start there")
