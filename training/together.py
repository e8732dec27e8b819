"""Runs that differ in hyperparameters alone, trained as one program.

Each run is on one device, alone or with others of them; no device needs another. The loop sees them
as one run whose arrays have one more leading axis and whose numbers are lists. That axis may be
longer than there are runs: what is left over on the last device repeats the last run.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding
from ml_collections import ConfigDict

from tasks import Batches, Metrics, Task
from training.devices import STOP
from training.errors import RunError
from training.protocols import Loader
from training.recipe import hyperparameters_of, init_key
from training.run import Blueprint, abstract, build_task
from training.state import TrainState, all_finite
from training.workdir import Record
from training.workdir.record import RecordedTask


class RunsTogether:
    """Many runs as one :class:`training.protocols.Run`.

    Args:
      configs: they differ in ``training.recipe.HYPERPARAMETER_FIELDS`` alone.

    Raises:
      FileNotFoundError, ValueError: the data set is not prepared, or a value does not fit it.
    """

    def __init__(self, configs: Sequence[ConfigDict]):
        self.config = configs[0]
        self._count = len(configs)
        devices = jax.devices()
        self._width = math.ceil(self._count / len(devices))
        used = math.ceil(self._count / self._width)
        # One for each place on the devices.
        self._configs = [*configs, *[configs[-1]] * (used * self._width - self._count)]
        tasks = {config.seed: build_task(config) for config in configs}
        self._blueprint = Blueprint(configs[0], tasks[configs[0].seed])
        self.steps = self._blueprint.steps
        self.notices: Sequence[str] = self._blueprint.notices
        self.task: Loader = _TaskTogether(tasks, [config.seed for config in self._configs])
        self.mesh = Mesh(np.array(devices[:used]), ("runs",))
        self._where = NamedSharding(self.mesh, PartitionSpec("runs"))
        self.values = self._put([hyperparameters_of(config) for config in self._configs])
        self.train_step = self._for_each(self._blueprint.make_train_step(), donate_argnums=0)
        self.eval_step = self._for_each(self._blueprint.make_eval_step())
        self.all_finite = self._for_each(all_finite)

    def _for_each(self, function: Callable, **options: Any) -> Callable:
        """Makes the function of one run a compiled one of all."""

        def on_device(*arguments: Any) -> Any:
            if self._width > 1:
                return jax.vmap(function)(*arguments)
            # One run a device: the program is that of the run alone.
            results = function(*jax.tree.map(lambda leaf: leaf[0], arguments))
            return jax.tree.map(lambda leaf: leaf[None], results)

        each = jax.shard_map(
            on_device,
            mesh=self.mesh,
            in_specs=PartitionSpec("runs"),
            out_specs=PartitionSpec("runs"),
            check_vma=False,
        )
        return jax.jit(each, **options)

    def _put(self, trees: Sequence[Any]) -> Any:
        """Stacks the trees of all runs, on the devices."""
        return jax.device_put(jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees), self._where)

    def init_state(self) -> TrainState:
        init = jax.jit(self._blueprint.init)
        configs = self._configs[: self._count]
        states = [self._blueprint.with_origin(init(init_key(config.seed))) for config in configs]
        # Each of them has said where it starts from.
        self.notices = list(dict.fromkeys(self._blueprint.notices))
        return self.put_states(states)

    def put_states(self, states: Sequence[TrainState]) -> TrainState:
        """Stacks the states of all runs, on the devices."""
        host = [jax.device_get(state) for state in states]
        host += [host[-1]] * (len(self._configs) - len(host))
        return jax.device_put(jax.tree.map(lambda *leaves: np.stack(leaves), *host), self._where)

    def abstract_state(self) -> TrainState:
        return self._abstract(self._blueprint.shapes)

    def abstract_batch(self, *, train: bool) -> dict[str, jax.ShapeDtypeStruct]:
        stop = jax.ShapeDtypeStruct((), np.bool_)
        return self._abstract({**self._blueprint.task.batch_shapes(train=train), STOP: stop})

    def each(self, metrics: Metrics) -> list[Metrics]:
        return [
            jax.tree.map(lambda leaf, index=index: leaf[index], metrics)
            for index in range(self._count)
        ]

    def join(self, values: Sequence[dict[str, float]]) -> dict[str, Any]:
        return {name: [own[name] for own in values] for name in values[0]}

    def _abstract(self, shapes: Any) -> Any:
        count = len(self._configs)
        return jax.tree.map(
            lambda one: jax.ShapeDtypeStruct((count, *one.shape), one.dtype, sharding=self._where),
            shapes,
        )

    def members(self) -> list["Member"]:
        return [Member(config, self._blueprint) for config in self._configs[: self._count]]


class Member:
    """One of the runs, as far as its record needs it."""

    def __init__(self, config: ConfigDict, blueprint: Blueprint):
        self.config, self.steps = config, blueprint.steps
        self.task: RecordedTask = blueprint.task
        self._shapes = blueprint.shapes

    def abstract_state(self) -> TrainState:
        where = SingleDeviceSharding(jax.devices()[0])
        return jax.tree.map(lambda shape: abstract(shape, where), self._shapes)


class OutOfStep(RunError):
    """The runs would resume from different steps. The message says which from where."""


class OneOfMany(RunError):
    """One of the runs cannot begin, and the others can without it.

    Attributes:
      workdir: of the run.
    """

    def __init__(self, workdir: Path, error: RunError):
        super().__init__(str(error))
        self.workdir, self.code = workdir, error.code


@contextlib.contextmanager
def _named(workdir: Path) -> Iterator[None]:
    try:
        yield
    except RunError as error:
        raise OneOfMany(workdir, error) from error


class RecordsTogether:
    """The records of many runs, each in its own workdir, as one :class:`training.protocols.Record`.

    All resume from their newest checkpoints, which are of the same step.

    Raises:
      OutOfStep: they are not. No whole checkpoint was touched.
      OneOfMany: a workdir is refused, see :class:`training.workdir.Record`.
    """

    def __init__(self, runs: RunsTogether, workdirs: Sequence[Path]):
        self._runs, self._workdirs = runs, workdirs
        self._records: list[Record] = []
        self.damaged: dict[int, str] = {}
        with contextlib.ExitStack() as stack:
            for member, workdir in zip(runs.members(), workdirs, strict=True):
                with _named(workdir):
                    record = stack.enter_context(Record(member, workdir))
                self._records.append(record)
                for step, reason in record.damaged.items():
                    before = f"{self.damaged[step]}; " if step in self.damaged else ""
                    self.damaged[step] = f"{before}{workdir}: {reason}"
            if len({record.step for record in self._records}) > 1:
                raise OutOfStep(self._out_of_step())
            self._stack = stack.pop_all()
        self.step = self._records[0].step

    def _out_of_step(self) -> str:
        damaged = [f"step {step} of {reason}" for step, reason in self.damaged.items()]
        by_step: dict[int, list[str]] = {}
        for record, workdir in zip(self._records, self._workdirs, strict=True):
            by_step.setdefault(record.step, []).append(workdir.name)
        steps = [f"{', '.join(names)} from step {step}" for step, names in sorted(by_step.items())]
        return (
            f"these runs cannot train together, because they resume {'; '.join(steps)}. "
            "No whole checkpoint was touched."
            + (f" Damaged, and moved to damaged/: {'; '.join(damaged)}." if damaged else "")
        )

    def restore(self) -> TrainState | None:
        states = []
        for record, workdir in zip(self._records, self._workdirs, strict=True):
            with _named(workdir):
                states.append(record.restore())
        found = [state for state in states if state is not None]
        return self._runs.put_states(found) if len(found) == len(states) else None

    def is_evaluated(self, step: int) -> bool:
        return all(record.is_evaluated(step) for record in self._records)

    def open(self) -> None:
        for record in self._records:
            record.open()

    def log(self, step: int, values: dict[str, Any]) -> None:
        for index, record in enumerate(self._records):
            record.log(step, _of_run(values, index))

    def evaluated(self, step: int, results: dict[str, Any]) -> None:
        for index, record in enumerate(self._records):
            record.evaluated(step, _of_run(results, index))

    def save(self, state: TrainState) -> None:
        for record, own in zip(self._records, self._split(state), strict=True):
            record.save(own)

    def verify(self, state: TrainState) -> None:
        for record, own in zip(self._records, self._split(state), strict=True):
            record.verify(own)

    def check(self) -> None:
        for record in self._records:
            record.check()

    def last_good(self) -> str:
        return "; ".join(record.last_good() for record in self._records)

    def _split(self, state: TrainState) -> Iterator[TrainState]:
        host = jax.device_get(state)
        for index in range(len(self._records)):
            yield jax.tree.map(lambda leaf, index=index: np.asarray(leaf[index]), host)

    def __enter__(self) -> "RecordsTogether":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.__exit__(*exception)


def _of_run(values: dict[str, Any], index: int) -> dict[str, Any]:
    """Picks a run's own numbers: from a list the one at its place, from a dict likewise."""
    own: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            own[name] = _of_run(value, index)
        else:
            own[name] = value[index] if isinstance(value, list) else value
    return own


class _TaskTogether:
    """The batches of all runs: each has those of its own seed."""

    def __init__(self, tasks: dict[int, Task], seeds: Sequence[int]):
        self._tasks, self._seeds = tasks, seeds
        self.best_metric = tasks[seeds[0]].best_metric

    def train_batches(self, start_step: int, process: int, processes: int) -> Batches:
        loaders = {
            seed: task.train_batches(start_step, process, processes)
            for seed, task in self._tasks.items()
        }
        return _Stacked(loaders, self._seeds)

    def eval_batches(self, process: int, processes: int) -> Batches:
        first = self._seeds[0]
        loader = self._tasks[first].eval_batches(process, processes)
        return _Stacked({first: loader}, [first] * len(self._seeds))


class _Stacked:
    """Batches of loaders, stacked in the order of ``names``; all end at once."""

    def __init__(self, loaders: dict[int, Batches], names: Sequence[int]):
        self._loaders, self._names = loaders, names
        # Of the same data set in each: the same ones.
        self.bad_images = loaders[names[0]].bad_images

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return self

    def __next__(self) -> dict[str, np.ndarray]:
        batches = {name: next(loader) for name, loader in self._loaders.items()}
        first = batches[self._names[0]]
        return {field: np.stack([batches[name][field] for name in self._names]) for field in first}

    def close(self) -> None:
        for loader in self._loaders.values():
            loader.close()
