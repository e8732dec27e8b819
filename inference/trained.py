"""A trained network to be asked about images."""

from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

from runfiles import read_record
from tasks import Predicts
from training.run import Run, build_run
from training.state import TrainState
from training.workdir import find_trained


class Trained(NamedTuple):
    """A run with a network that can be asked.

    Attributes:
      run: the run.
      task: its task.
      state: the network of its newest checkpoint.
    """

    run: Run
    task: Predicts
    state: TrainState


def open_trained(config: ConfigDict, workdir: Path) -> Trained:
    """Opens a run. The data set need not be there.

    Args:
      config: of the run, perhaps changed.
      workdir: of the run.

    Raises:
      ValueError: its task predicts nothing; one line, as of all others.
      FileNotFoundError: there is no checkpoint yet; or the data set is not there, and the run does
        not know its classes, because older code began it.
      RunError: no checkpoint is whole.
    """
    run = build_run(_without_data(config, workdir), without_data=True)
    if not isinstance(run.task, Predicts):
        raise ValueError(f"--workdir={workdir}: the task {config.task.name!r} predicts nothing.")
    checkpoints, step = find_trained(workdir, run.task.best_metric, "latest")
    return Trained(run, run.task, checkpoints.restore_network(step, run.abstract_state()))


def _without_data(config: ConfigDict, workdir: Path) -> ConfigDict:
    """The config with what else only the data set would tell."""
    config, record = config.copy_and_resolve_references(), read_record(workdir)
    assert record is not None  # the config is of there
    config.steps = record.steps or config.steps
    if not config.data.class_names:
        config.data.class_names = tuple(record.class_names)
    return config
