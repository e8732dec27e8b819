"""Runs that differ in hyperparameters alone, trained as one program.

Each run is on one device, alone or with others of them; no device needs another. Seen from the
loop they are one run whose arrays have a first axis more, and whose numbers are lists.
"""

import contextlib
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
from training.recipe import hyperparameters_of, init_key
from training.run import Blueprint, abstract, build_task
from training.state import TrainState, all_finite
from training.workdir import Record


class RunsTogether:
    """Many runs as one :class:`training.protocols.Run`.

    Args:
      configs: they differ in ``training.recipe.HYPERPARAMETER_FIELDS`` alone.

    Raises:
      FileNotFoundError, ValueError: the data set is not prepared, or a value does not fit it.
    """

    def __init__(self, configs: Sequence[ConfigDict]):
        self.config = configs[0]
        self._configs, count = configs, len(configs)
        tasks = {config.seed: build_task(config) for config in configs}
        self._blueprint = Blueprint(configs[0], tasks[configs[0].seed])
        self.steps, self.notices = self._blueprint.steps, self._blueprint.notices
        self.task = _TaskTogether(tasks, [config.seed for config in configs])
        devices = jax.devices()
        used = max(n for n in range(1, len(devices) + 1) if count % n == 0)
        self.mesh = Mesh(np.array(devices[:used]), ("runs",))
        self._where = NamedSharding(self.mesh, PartitionSpec("runs"))
        self.values = self._put([hyperparameters_of(config) for config in configs])
        self.train_step = self._for_each(self._blueprint.make_train_step(), donate_argnums=0)
        self.eval_step = self._for_each(self._blueprint.make_eval_step())
        self.all_finite = self._for_each(all_finite)

    def _for_each(self, function: Callable, **options: Any) -> Callable:
        """Makes the function of one run a compiled one of all."""

        def on_device(*arguments: Any) -> Any:
            if len(self._configs) > self.mesh.size:
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
        return self.put_states([init(init_key(config.seed)) for config in self._configs])

    def put_states(self, states: Sequence[TrainState]) -> TrainState:
        """Stacks the states of all runs, on the devices."""
        host = [jax.device_get(state) for state in states]
        return jax.device_put(jax.tree.map(lambda *leaves: np.stack(leaves), *host), self._where)

    def abstract_state(self) -> TrainState:
        return self._abstract(self._blueprint.shapes)

    def abstract_batch(self, *, train: bool) -> dict[str, jax.ShapeDtypeStruct]:
        stop = jax.ShapeDtypeStruct((), np.bool_)
        return self._abstract({**self._blueprint.task.batch_shapes(train=train), STOP: stop})

    def each(self, metrics: Metrics) -> list[Metrics]:
        return [
            jax.tree.map(lambda leaf, index=index: leaf[index], metrics)
            for index in range(len(self._configs))
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
        return [Member(config, self._blueprint) for config in self._configs]


class Member:
    """One of the runs, as far as its record needs it."""

    def __init__(self, config: ConfigDict, blueprint: Blueprint):
        self.config, self.steps, self.task = config, blueprint.steps, blueprint.task
        self._shapes = blueprint.shapes

    def abstract_state(self) -> TrainState:
        where = SingleDeviceSharding(jax.devices()[0])
        return jax.tree.map(lambda shape: abstract(shape, where), self._shapes)


class RecordsTogether:
    """The records of many runs, each in its own workdir, as one :class:`training.protocols.Record`.

    All resume from the newest step of which all have a checkpoint; what some did after it is done
    again.
    """

    def __init__(self, runs: RunsTogether, workdirs: Sequence[Path]):
        self._runs = runs
        with contextlib.ExitStack() as stack:
            self._records = [
                stack.enter_context(Record(member, workdir))
                for member, workdir in zip(runs.members(), workdirs, strict=True)
            ]
            self._stack = stack.pop_all()
        steps = [set(record.checkpoints.steps) for record in self._records]
        self.step = max(set.intersection(*steps), default=0)
        self.damaged = {
            step: f"{workdir}: {reason}"
            for record, workdir in zip(self._records, workdirs, strict=True)
            for step, reason in record.damaged.items()
        }
        for record in self._records:
            record.step = self.step

    def restore(self) -> TrainState | None:
        restored = [record.restore() for record in self._records]
        states = [state for state in restored if state is not None]
        return self._runs.put_states(states) if len(states) == len(restored) else None

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

    def pick(value: Any) -> Any:
        if isinstance(value, dict):
            return _of_run(value, index)
        return value[index] if isinstance(value, list) else value

    return {name: pick(value) for name, value in values.items()}


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
