"""A run put together from its config: everything that train.py and eval.py have in common."""

import os
from pathlib import Path

import jax
from flax import nnx
from ml_collections import ConfigDict

from models.drop_sites import DropBlockSites
from tasks.classification import Classification
from tasks.contract import Task
from training import optimizer
from training.mesh import build_mesh, replicated
from training.state import TrainState, make_init
from training.step import make_eval_step, make_train_step


class Run:
    """Model, data, optimizer and compiled steps of a config, on this machine's devices.

    Nothing is compiled or written before :meth:`init_state` or a step is called.

    Raises:
      ValueError, OSError: the data set is missing, or the mesh does not fit; one line.
    """

    def __init__(self, config: ConfigDict):
        self.config = config
        self.mesh = build_mesh(config.mesh, config.batch_size)
        self.task: Task = TASKS[config.task](config)
        self.steps = optimizer.total_steps(config, self.task.train_examples)
        abstract = nnx.eval_shape(lambda: self.task.build(nnx.Rngs(0)))
        self.graphdef = nnx.graphdef(abstract)
        schedule = optimizer.learning_rate(config, self.task.train_examples)
        self.optimizer = optimizer.sgd(config, schedule, abstract)
        self.sites = drop_sites(config.regularizer)
        self.seed_key = jax.random.key(config.seed)
        self.train_step = make_train_step(
            self.task,
            self.graphdef,
            self.optimizer,
            learning_rate=schedule,
            sites=self.sites,
            keep_prob=optimizer.keep_prob(config.regularizer, self.steps),
            mesh=self.mesh,
        )
        self._init = make_init(self.task.build, self.optimizer, self.mesh)
        self.eval_step = make_eval_step(self.task, self.graphdef, self.mesh)

    def init_state(self) -> TrainState:
        """The state that the config's seed starts from."""
        return self._init(self.seed_key)

    def abstract_state(self) -> TrainState:
        """Its shapes, dtypes and shardings, without any array."""
        shapes = jax.eval_shape(self._init, self.seed_key)
        where = replicated(self.mesh)
        return jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=where), shapes
        )


TASKS = {"classification": Classification}


def drop_sites(regularizer: ConfigDict) -> DropBlockSites | None:
    """The regulariser's drop sites in the network; None where it has none."""
    if regularizer.name == "none":
        return None
    return DropBlockSites(
        block_size=regularizer.block_size,
        groups=tuple(regularizer.groups),
        on_skip=regularizer.on_skip,
        gamma=regularizer.gamma,
    )


def use_compilation_cache() -> None:
    """Keeps compiled programs on disk, unless JAX_COMPILATION_CACHE_DIR already says where."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        jax.config.update("jax_compilation_cache_dir", str(cache / "dropblock-jax" / "xla"))
