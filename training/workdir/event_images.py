"""Pictures of a run, for TensorBoard to show beside the curves."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from runfiles import FIGURES, TENSORBOARD
from training.workdir.event_file import EventFile


def show_images(workdir: Path, step: int, name: str, files: Sequence[Path]) -> None:
    """Shows PNG files of ``figures/`` in TensorBoard, in place of those shown by this name before.

    A run that resumes begins its events anew; what it draws at its end is shown again then.

    Args:
      workdir: of the run.
      step: of the network that is pictured.
      name: of all of them together.
      files: in ``figures/``; an image's tag is its path there, without the suffix.

    Raises:
      OSError: a picture cannot be read, or the events cannot be written.
    """
    with closing(EventFile(workdir / TENSORBOARD, f".{name}")) as events:
        for file in files:
            tag = file.relative_to(workdir / FIGURES).with_suffix("").as_posix()
            events.show(step, tag, file.read_bytes())
