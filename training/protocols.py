"""What the training loop takes: a run and its record, or many that train together as one."""

from collections.abc import Sequence
from typing import Any, Protocol

import jax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from tasks import Batches, Metrics
from training.recipe import Hyperparameters
from training.state import TrainState


class Loader(Protocol):
    """The batches of a run, as :class:`tasks.Task` has them."""

    @property
    def best_metric(self) -> str: ...

    def train_batches(self, start_step: int, process: int, processes: int) -> Batches: ...

    def eval_batches(self, process: int, processes: int) -> Batches: ...


class Run(Protocol):
    """A run whose steps can be compiled. For many runs together, arrays have one more leading axis.

    Attributes:
      config: of the run.
      task: has its batches.
      steps: optimizer steps of the whole run.
      mesh: of its devices.
      values: its hyperparameters, on the devices.
      notices: lines that a user should see before training starts.
      train_step: ``(state, batch, values) -> (state, scalars)``, jitted.
      eval_step: ``(state, batch) -> (metrics, stop)``, jitted.
      all_finite: ``state -> bool``, jitted.
    """

    @property
    def config(self) -> ConfigDict: ...

    @property
    def task(self) -> Loader: ...

    @property
    def steps(self) -> int: ...

    @property
    def mesh(self) -> Mesh: ...

    @property
    def values(self) -> Hyperparameters: ...

    @property
    def notices(self) -> Sequence[str]: ...

    train_step: Any
    eval_step: Any
    all_finite: Any

    def init_state(self) -> TrainState:
        """Makes the state that training starts from."""

    def abstract_state(self) -> TrainState:
        """Returns its shapes, dtypes and shardings."""

    def abstract_batch(self, *, train: bool) -> dict[str, jax.ShapeDtypeStruct]:
        """Returns those of a batch on the devices."""

    def each(self, metrics: Metrics) -> list[Metrics]:
        """Splits what an evaluation step gave into the metrics of each run."""

    def join(self, values: Sequence[dict[str, float]]) -> dict[str, Any]:
        """Joins values of each run to what is logged: of many runs, name -> list."""


class Record(Protocol):
    """What a run leaves in its workdir.

    Attributes:
      step: of the checkpoint that the run resumes from; 0 without one.
      damaged: step -> what is wrong with it, of the checkpoints that were moved away.
    """

    step: int
    damaged: dict[int, str]

    def restore(self) -> TrainState | None:
        """Reads the state of ``step``; None where there is no checkpoint of it."""

    def is_evaluated(self, step: int) -> bool:
        """Tells whether the state of a step was evaluated."""

    def open(self) -> None:
        """Begins to write; what the workdir holds beyond ``step`` is dropped."""

    def log(self, step: int, values: dict[str, Any]) -> None:
        """Writes one line of metrics."""

    def evaluated(self, step: int, results: dict[str, Any]) -> None:
        """Writes the results of an evaluation and scores the step by them."""

    def save(self, state: TrainState) -> None:
        """Starts to save a checkpoint."""

    def check(self) -> None:
        """Raises RunError if the save in the background has failed."""

    def verify(self, state: TrainState) -> None:
        """Raises RunError if the last checkpoint, read back, is not ``state``."""

    def last_good(self) -> str:
        """Names the newest checkpoint, in words."""
