"""``config.json``: what a run was asked to do, and with what it was started."""

import dataclasses
import importlib.metadata
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ml_collections import ConfigDict

import runfiles
from runfiles import RunRecord, Start, read_record, write_record
from tasks import Curve
from training.config import plain

PACKAGES = (
    *("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain"),
    *("tensorflow-datasets", "ml_collections", "numpy"),
)


def begin_run(
    workdir: Path,
    config: ConfigDict,
    *,
    step: int,
    steps: int,
    best_metric: str,
    curves: Sequence[Curve],
    class_names: Sequence[str] = (),
) -> None:
    """Writes into config.json that the run starts or resumes, and with what.

    Args:
      workdir: of the run.
      config: its config; that of its first start stays.
      step: that it starts or resumes from.
      steps: of the whole run.
      best_metric: the evaluation metric whose largest value is the best.
      curves: what the task wants drawn.
      class_names: of the data set, if it has classes.

    Raises:
      OSError: it cannot be written.
    """
    record = read_record(workdir) or RunRecord(plain(config))
    start: Start = {
        "step": step,
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "code": {"commit": _commit()},
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "python": platform.python_version(),
    }
    record = dataclasses.replace(
        record,
        steps=steps,
        best_metric=best_metric,
        curves=[
            runfiles.Curve(title=curve.title, metric=curve.metric, scale=curve.scale)
            for curve in curves
        ],
        class_names=list(class_names),
        starts=[*record.starts, start],
    )
    write_record(workdir, record)


def _commit() -> str | None:
    """The checkout's commit, with a '+' where files differ from it; None outside of git."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
