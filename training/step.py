"""One training step and one evaluation step, each a single compiled program over the mesh."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax.sharding import Mesh

from models.drop_sites import DropSites
from tasks.contract import Batch, Task
from training.mesh import replicated
from training.state import StateShardings, TrainState, merge, split

TrainStep = Callable[[TrainState, Batch, jax.Array], tuple[TrainState, dict]]
EvalStep = Callable[[TrainState, Batch], tuple[dict, jax.Array]]


def make_train_step(
    task: Task,
    graphdef: nnx.GraphDef,
    optimizer: optax.GradientTransformation,
    *,
    learning_rate: optax.Schedule,
    sites: DropSites | None,
    keep_prob: optax.Schedule,
    mesh: Mesh,
    shardings: StateShardings,
) -> TrainStep:
    """``(state, batch, seed key) -> (state, scalars)``; the old state is consumed.

    The scalars are to be logged, but for ``stop``: whether any row of the batch is marked so.

    Every random choice of a step derives from the seed key and the step's number, so a resumed
    run makes the same ones.
    """

    def loss_of(params: dict, stats: dict, batch: Batch, drop) -> tuple[jax.Array, tuple]:
        model = merge(graphdef, params, stats)
        loss, scalars = task.loss(model, batch, drop)
        dropped = drop.dropped() if drop is not None else {}
        return loss, (split(model)[2], scalars, dropped)

    def train_step(state: TrainState, batch: Batch, seed_key: jax.Array) -> tuple[TrainState, dict]:
        drop = None
        if sites is not None:
            key = jax.random.fold_in(seed_key, state.step)
            drop = sites.at(key, keep_prob(state.step))
        # Said rather than left to the compiler, which may split activations by channel instead:
        # parameters are gathered, and their gradients summed straight into the part kept here.
        whole = jax.lax.with_sharding_constraint(state.params, replicated(mesh))
        grads, (stats, scalars, dropped) = jax.grad(loss_of, has_aux=True)(
            whole, state.batch_stats, batch, drop
        )
        grads = jax.lax.with_sharding_constraint(grads, shardings.params)
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        scalars |= {"learning_rate": learning_rate(state.step), "stop": jnp.any(batch["stop"])}
        if sites is not None:
            scalars |= {"keep_prob": keep_prob(state.step), "dropped": dropped}
        params = optax.apply_updates(state.params, updates)
        return TrainState(state.step + 1, params, stats, opt_state), scalars

    return jax.jit(train_step, donate_argnums=0, out_shardings=(shardings, replicated(mesh)))


def make_eval_step(task: Task, graphdef: nnx.GraphDef, mesh: Mesh) -> EvalStep:
    """``(state, batch) -> ({metric: (sum, count)}, stop)``, the latter as in training."""

    def eval_step(state: TrainState, batch: Batch) -> tuple[dict, jax.Array]:
        model = merge(graphdef, state.params, state.batch_stats)
        return task.metrics(model, batch), jnp.any(batch["stop"])

    return jax.jit(eval_step, out_shardings=replicated(mesh))
