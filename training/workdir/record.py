"""What a run writes into its workdir: checkpoints, config.json, metrics, TensorBoard events."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from ml_collections import ConfigDict

from runfiles import evaluations
from tasks import Curve
from training.devices import processes
from training.errors import RunError
from training.state import TrainState
from training.workdir.checkpoints import Checkpoints
from training.workdir.claim import WorkdirLock
from training.workdir.metrics_file import MetricsFile
from training.workdir.start import begin_run


class RecordedTask(Protocol):
    """What a record takes from a task, see :class:`tasks.Task`."""

    @property
    def best_metric(self) -> str: ...

    @property
    def curves(self) -> Sequence[Curve]: ...


class RecordedRun(Protocol):
    """What a record takes from a run, see :class:`training.protocols.Run`."""

    @property
    def config(self) -> ConfigDict: ...

    @property
    def task(self) -> RecordedTask: ...

    @property
    def steps(self) -> int: ...

    def abstract_state(self) -> TrainState: ...


class Record:
    """The workdir of a run, its own while this is open. See :class:`training.protocols.Record`.

    Attributes:
      step: of the newest whole checkpoint, from which the run resumes; 0 without one. It may be
        set to the step of an older one, or to 0.
      damaged: step -> what is wrong with it, of the checkpoints that were moved away.

    Raises:
      Refused: the workdir is in use, is not shared by all processes, or holds damaged
        checkpoints alone. Nothing was touched.
    """

    def __init__(self, run: RecordedRun, workdir: Path):
        self._run, self._workdir = run, workdir
        self._metrics: MetricsFile | None = None
        with contextlib.ExitStack() as stack:
            stack.enter_context(WorkdirLock(workdir))
            metric = run.task.best_metric
            scores = processes.on_first(lambda: evaluations(workdir, metric))
            self._scores = {int(step): score for step, score in scores.items()}
            self.checkpoints = stack.enter_context(Checkpoints(workdir, self._scores))
            self._stack = stack.pop_all()
        self.step = self.checkpoints.latest() or 0
        self.damaged = self.checkpoints.damaged

    def restore(self) -> TrainState | None:
        """Reads the state of ``step``; None where there is no checkpoint of it.

        Raises:
          RunError: the checkpoint's data position is not the run's.
        """
        if self.step not in self.checkpoints.steps:
            return None
        state, data = self.checkpoints.restore(self.step, self._run.abstract_state())
        expected = self.step * self._run.config.batch_size
        if data["next_example"] != expected:
            raise RunError(
                f"the checkpoint of step {self.step} is at example {data['next_example']}, which "
                f"is not {self.step} batches of {self._run.config.batch_size}."
            )
        return state

    def is_evaluated(self, step: int) -> bool:
        return step in self._scores

    def open(self) -> None:
        """Begins to write: config.json now, metrics from ``step`` on.

        Checkpoints and metrics beyond ``step`` are deleted.

        Raises:
          RunError: they cannot be written.
        """
        self.checkpoints.forget_after(self.step)
        if not processes.is_first():
            return
        with self._writing():
            begin_run(
                *(self._workdir, self._run.config),
                step=self.step,
                steps=self._run.steps,
                best_metric=self._run.task.best_metric,
                curves=self._run.task.curves,
                class_names=getattr(self._run.task, "class_names", ()),
            )
            self._metrics = metrics = MetricsFile(self._workdir, self.step)

        def close(kind: type[BaseException] | None, *rest: Any) -> None:
            # What went wrong before is not hidden by this.
            with contextlib.suppress(OSError) if kind else self._writing():
                metrics.close()

        self._stack.push(close)

    def log(self, step: int, values: dict[str, Any]) -> None:
        """Writes one line of metrics.

        Raises:
          RunError: it cannot be written.
        """
        if self._metrics is not None:
            with self._writing():
                self._metrics.write(step, values)

    def evaluated(self, step: int, results: dict[str, float]) -> None:
        """Logs an evaluation's results and scores the step by them."""
        self.log(step, {f"eval/{name}": value for name, value in results.items()})
        self._scores[step] = results[self._run.task.best_metric]

    def save(self, state: TrainState) -> None:
        """See :meth:`training.workdir.Checkpoints.save`."""
        self.checkpoints.save(state, next_example=int(state.step) * self._run.config.batch_size)

    def check(self) -> None:
        """Raises RunError if the save in the background has failed."""
        self.checkpoints.check()

    def verify(self, state: TrainState) -> None:
        """Raises RunError if the last checkpoint, read back, is not ``state``."""
        self.checkpoints.verify(state, self._run.abstract_state())

    def last_good(self) -> str:
        """Names the newest checkpoint, in words."""
        return self.checkpoints.last_good()

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.__exit__(*exception)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunError(
                f"the metrics could not be written ({error.strerror}); {self.last_good()}."
            ) from error
