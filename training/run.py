"""A run put together from its config: everything that train.py and eval.py have in common."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh, NamedSharding
from ml_collections import ConfigDict

from models.drop_sites import DropSites, baseline_sites, dropblock_sites
from tasks.classification import Classification
from tasks.contract import Task
from training import optimizer
from training.mesh import build_mesh, rows, split_over_fsdp
from training.state import TrainState, make_init
from training.step import make_eval_step, make_train_step


class Run:
    """Model, data, optimizer and compiled steps of a config. Nothing is compiled until used."""

    def __init__(self, config: ConfigDict, task: Task, mesh: Mesh):
        self.config, self.task, self.mesh = config, task, mesh
        self.steps = optimizer.total_steps(config, task.train_examples)
        self.sites = drop_sites(config.regularizer)
        self._init_key, self.seed_key = jax.random.split(jax.random.key(config.seed))

        model = nnx.eval_shape(lambda: task.build(nnx.Rngs(0)))
        self.graphdef = nnx.graphdef(model)
        learning_rate = optimizer.learning_rate(config, task.train_examples)
        sgd = optimizer.sgd(config, learning_rate, model)
        init = make_init(task.build, sgd)
        self._shapes = jax.eval_shape(init, self._init_key)
        self._shardings = split_over_fsdp(mesh, self._shapes)
        self._init = jax.jit(init, out_shardings=self._shardings)
        self.train_step = make_train_step(
            task,
            self.graphdef,
            sgd,
            learning_rate=learning_rate,
            sites=self.sites,
            keep_prob=optimizer.keep_prob(config.regularizer, self.steps),
            mesh=mesh,
            shardings=self._shardings,
        )
        self.eval_step = make_eval_step(task, self.graphdef, mesh)

    def init_state(self) -> TrainState:
        """The state that the config's seed starts from."""
        return self._init(self._init_key)

    def abstract_state(self) -> TrainState:
        """Its shapes, dtypes and shardings, without any array."""
        return jax.tree.map(_abstract, self._shapes, self._shardings)

    def abstract_batch(self) -> dict[str, jax.ShapeDtypeStruct]:
        """The same of a global batch, of training or evaluation, marked with `stop`."""
        where = rows(self.mesh)
        stop = jax.ShapeDtypeStruct((self.config.batch_size,), jnp.bool)
        shapes = {**self.task.batch_shapes(), "stop": stop}
        return {name: _abstract(shape, where) for name, shape in shapes.items()}


def _abstract(array: Any, sharding: NamedSharding) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=sharding)


TASKS = {"classification": Classification}


def build_run(
    config: ConfigDict,
    devices: Sequence[jax.Device] | None = None,
    *,
    without_data: bool = False,
) -> Run:
    """The run of a config.

    Args:
      config: of the run.
      devices: None for all that there are.
      without_data: for a run that is compiled and not carried out: the data set need not be there.

    Raises:
      FileNotFoundError, ValueError: the data set is not prepared, or a value does not fit it or
        the devices; one line.
    """
    mesh = build_mesh(config.mesh, config.batch_size, devices)
    return Run(config, TASKS[config.task](config, without_data=without_data), mesh)


def drop_sites(regularizer: ConfigDict) -> DropSites | None:
    """The regulariser's drop sites in the network; None where it has none."""
    if regularizer.name == "none":
        return None
    groups = tuple(regularizer.groups)
    if regularizer.name != "dropblock":
        return baseline_sites(regularizer.name, groups=groups)
    return dropblock_sites(
        block_size=regularizer.block_size,
        groups=groups,
        on_skip=regularizer.on_skip,
        gamma=regularizer.gamma,
    )


def use_compilation_cache() -> None:
    """Keeps compiled programs on disk, unless JAX_COMPILATION_CACHE_DIR already says where."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        jax.config.update("jax_compilation_cache_dir", str(cache / "dropblock-jax" / "xla"))
