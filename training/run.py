"""A run put together from its config: everything that train.py and eval.py have in common."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh, Sharding
from ml_collections import ConfigDict

from tasks.classification import Classification
from tasks.contract import Task
from training import optimizer
from training.drop import drop_sites
from training.mesh import build_mesh, replicated, rows, split_over_fsdp
from training.state import TrainState, all_finite, make_init
from training.step import EvalStep, TrainStep, make_eval_step, make_train_step
from training.values import init_key, values_of


def _same(tree: dict) -> dict:
    return tree


class Blueprint:
    """What a config makes of its task, in pure functions: nothing is on a device yet.

    Attributes:
      steps: optimizer steps of the whole run.
      sites: regulariser -> where it drops; see :func:`training.drop.drop_sites`.
      graphdef: the network's structure.
      init: key -> state.
      shapes: the state's, as ``jax.ShapeDtypeStruct``.
    """

    def __init__(self, config: ConfigDict, task: Task):
        self.config, self.task = config, task
        self.steps = optimizer.total_steps(config, task.train_examples)
        self.sites = drop_sites(config)
        model = nnx.eval_shape(lambda: task.build(nnx.Rngs(0)))
        self.graphdef = nnx.graphdef(model)
        self._recipe = optimizer.make_recipe(config, task.train_examples, model)
        transformation = self._recipe(values_of(config)).optimizer
        self.init = make_init(task.build, transformation, ema=config.optimizer.ema_decay > 0)
        self.shapes = jax.eval_shape(self.init, init_key(config.seed))

    def make_train_step(
        self, gather: Callable[[dict], dict] = _same, scatter: Callable[[dict], dict] = _same
    ) -> TrainStep:
        """See :func:`training.step.make_train_step`."""
        return make_train_step(
            *(self.task, self.graphdef, self._recipe, self.sites), gather=gather, scatter=scatter
        )

    def make_eval_step(self) -> EvalStep:
        """See :func:`training.step.make_eval_step`."""
        return make_eval_step(self.task, self.graphdef)


class Run(Blueprint):
    """A run on a mesh, its steps compiled there. Nothing is compiled until used."""

    def __init__(self, config: ConfigDict, task: Task, mesh: Mesh):
        super().__init__(config, task)
        self.mesh = mesh
        self.values = values_of(config)
        shardings, whole = split_over_fsdp(mesh, self.shapes), replicated(mesh)
        self._shardings = shardings
        self._init = jax.jit(self.init, out_shardings=shardings)
        # Said rather than left to the compiler, which may split activations by channel instead:
        # parameters are gathered, and their gradients summed straight into the part kept here.
        train_step = self.make_train_step(
            gather=lambda params: jax.lax.with_sharding_constraint(params, whole),
            scatter=lambda grads: jax.lax.with_sharding_constraint(grads, shardings.params),
        )
        self.train_step = jax.jit(train_step, donate_argnums=0, out_shardings=(shardings, whole))
        self.eval_step = jax.jit(self.make_eval_step(), out_shardings=whole)
        self.all_finite = jax.jit(all_finite)

    def init_state(self) -> TrainState:
        """The state that the config's seed starts from."""
        return self._init(init_key(self.config.seed))

    def abstract_state(self) -> TrainState:
        """Its shapes, dtypes and shardings, without any array."""
        return jax.tree.map(abstract, self.shapes, self._shardings)

    def abstract_batch(self) -> dict[str, jax.ShapeDtypeStruct]:
        """The same of a global batch, of training or evaluation, marked with `stop`."""
        where = rows(self.mesh)
        stop = jax.ShapeDtypeStruct((self.config.batch_size,), jnp.bool)
        shapes = {**self.task.batch_shapes(), "stop": stop}
        return {name: abstract(shape, where) for name, shape in shapes.items()}


def abstract(array: Any, sharding: Sharding) -> jax.ShapeDtypeStruct:
    """Shape and dtype of an array, to lie there."""
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


def use_compilation_cache() -> None:
    """Keeps compiled programs on disk, unless JAX_COMPILATION_CACHE_DIR already says where."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        jax.config.update("jax_compilation_cache_dir", str(cache / "dropblock-jax" / "xla"))
