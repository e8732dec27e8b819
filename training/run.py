"""A run put together from its config: everything that train.py and eval.py have in common."""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
from flax import nnx
from jax.sharding import Mesh, Sharding
from ml_collections import ConfigDict

import registry
from models.layers.whole import param_rngs
from tasks import Metrics, Task
from training.devices import batch_spec, build_mesh, replicated, split_over_fsdp
from training.origin import Origin
from training.recipe import (
    Hyperparameters,
    find_regularizers,
    hyperparameters_of,
    init_key,
    make_recipe,
    total_steps,
)
from training.recipe.learning_rate import warmup_steps
from training.state import TrainState, all_finite, make_init
from training.step import EvalStep, TrainStep, make_eval_step, make_train_step


def _same(tree: dict) -> dict:
    return tree


class Blueprint:
    """What a config makes of its task, in pure functions: nothing is on a device yet.

    Attributes:
      config: of the run.
      task: of the run.
      steps: optimizer steps of the whole run.
      regularizers: name -> regulariser, see :func:`training.recipe.find_regularizers`.
      graphdef: the network's structure.
      shapes: the state's, as ``jax.ShapeDtypeStruct``.
      notices: lines that a user should see before training starts.
    """

    def __init__(self, config: ConfigDict, task: Task):
        self.config, self.task = config, task
        self.steps = total_steps(config, task.train_examples)
        self.regularizers = find_regularizers(config)
        model = abstract_network(task)
        self.graphdef = nnx.graphdef(model)
        self._new_parts = getattr(model, "NEW_PARTS", ("head",))
        self._recipe = make_recipe(config, task.train_examples, model, self.regularizers)
        self.shapes = jax.eval_shape(lambda: self.init(init_key(config.seed)))
        fits, asked = warmup_steps(config, task.train_examples)
        self.notices = (
            [f"warm-up: {fits} steps, half of the run, not the {asked} of the config"]
            if fits < asked
            else []
        )

    def init(self, key: jax.Array) -> TrainState:
        """Makes the state that a key gives."""
        optimizer = self._recipe(hyperparameters_of(self.config)).optimizer
        average = self.config.optimizer.ema_decay > 0
        return make_init(self.task.build, optimizer, ema=average)(key)

    def with_origin(self, state: TrainState) -> TrainState:
        """Puts the network of the config's ``init_from``, if there is one, into a fresh state.

        Raises:
          Refused: it does not fit.
        """
        if self.config.init_from is None:
            return state
        origin = self.open_origin()
        self.notices = [*self.notices, *origin.notices]
        return origin.apply(state)

    def open_origin(self) -> Origin:
        """Opens the network of the config's ``init_from``.

        Raises:
          Refused: there is none, or it does not fit.
        """
        config = self.config
        return Origin(
            config.init_from, self.shapes, self._new_parts, config.model.get("epsilon", None)
        )

    def make_train_step(
        self, gather: Callable[[dict], dict] = _same, scatter: Callable[[dict], dict] = _same
    ) -> TrainStep:
        """See :func:`training.step.make_train_step`."""
        return make_train_step(
            self.task, self.graphdef, self._recipe, gather=gather, scatter=scatter
        )

    def make_eval_step(self) -> EvalStep:
        """See :func:`training.step.make_eval_step`."""
        return make_eval_step(self.task, self.graphdef)


class Run(Blueprint):
    """A run on a mesh, its steps compiled there. Nothing is compiled until used.

    See :class:`training.protocols.Run`.
    """

    def __init__(self, config: ConfigDict, task: Task, mesh: Mesh):
        super().__init__(config, task)
        self.mesh = mesh
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

    @functools.cached_property
    def values(self) -> Hyperparameters:
        """See :class:`training.protocols.Run`."""
        return hyperparameters_of(self.config)

    def init_state(self) -> TrainState:
        """Makes the state that training starts from: the config's seed and ``init_from``."""
        return self.with_origin(self._init(init_key(self.config.seed)))

    def abstract_state(self) -> TrainState:
        """Returns its shapes, dtypes and shardings, without any array."""
        return jax.tree.map(abstract, self.shapes, self._shardings)

    def abstract_batch(self, *, train: bool) -> dict[str, jax.ShapeDtypeStruct]:
        """Returns those of a global batch, as it is sent to the devices."""
        return batch_spec(self.mesh, self.task.batch_shapes(train=train))

    def each(self, metrics: Metrics) -> list[Metrics]:
        """See :class:`training.protocols.Run`."""
        return [metrics]

    def join(self, values: Sequence[dict[str, float]]) -> dict[str, Any]:
        """See :class:`training.protocols.Run`."""
        (own,) = values
        return own


def abstract(array: Any, sharding: Sharding) -> jax.ShapeDtypeStruct:
    """Returns an array's shape and dtype, with a sharding."""
    return jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=sharding)


def abstract_network(task: Task) -> nnx.Module:
    """Builds a task's network without any array.

    Raises:
      ValueError: a field of ``config.model`` is outside its range; one line.
    """
    try:
        return nnx.eval_shape(lambda: task.build(param_rngs(jax.random.key(0))))
    except ValueError as error:
        raise ValueError(f"config.model.{error}") from error


def build_task(config: ConfigDict, *, without_data: bool = False) -> Task:
    """Builds the task of a config.

    Args:
      config: of the run.
      without_data: for a run that is compiled and not carried out: the data set need not be there.

    Raises:
      FileNotFoundError, ValueError: the data set is not prepared, or does not fit; one line.
    """
    fields = dict(config.task)
    return registry.find("tasks", fields.pop("name"))(config, without_data=without_data, **fields)


def build_run(
    config: ConfigDict,
    devices: Sequence[jax.Device] | None = None,
    *,
    without_data: bool = False,
) -> Run:
    """Builds the run of a config.

    Args:
      config: of the run.
      devices: None for all that there are.
      without_data: as for :func:`build_task`.

    Raises:
      FileNotFoundError, ValueError: the data set is not prepared, or a value does not fit it or
        the devices; one line.
    """
    mesh = build_mesh(config.mesh, config.batch_size, devices)
    return Run(config, build_task(config, without_data=without_data), mesh)


def use_compilation_cache() -> None:
    """Keeps compiled programs on disk, unless JAX_COMPILATION_CACHE_DIR already says where."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        jax.config.update("jax_compilation_cache_dir", str(cache / "dropblock-jax" / "xla"))
