"""One training step and one evaluation step, as pure functions."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from models.drop_sites import ActiveSites, DropSites
from tasks.contract import Batch, Task
from training.optimizer import Recipe
from training.state import TrainState, merge, split
from training.values import Values

TrainStep = Callable[[TrainState, Batch, Values], tuple[TrainState, dict]]
EvalStep = Callable[[TrainState, Batch], tuple[dict, jax.Array]]


def make_train_step(
    task: Task,
    graphdef: nnx.GraphDef,
    make_recipe: Callable[[Values], Recipe],
    sites: Mapping[str, DropSites],
    *,
    gather: Callable[[dict], dict],
    scatter: Callable[[dict], dict],
) -> TrainStep:
    """``(state, batch, values) -> (state, scalars)``.

    The scalars are to be logged, but for ``stop``: whether any row of the batch is marked so.

    Every random choice of a step derives from the seed key and the step's number, so a resumed
    run makes the same ones.

    Args:
      task: has the loss.
      graphdef: of the task's network.
      make_recipe: optimizer and schedules from the values.
      sites: regulariser -> where it drops, by the names of the recipe's keep_prob; may be empty.
      gather: parameters as they are kept, to how a step uses them.
      scatter: gradients as a step makes them, to how parameters are kept.
    """

    def loss_of(params: dict, stats: dict, batch: Batch, drop) -> tuple[jax.Array, tuple]:
        model = merge(graphdef, params, stats)
        loss, scalars = task.loss(model, batch, drop)
        dropped = drop.dropped() if drop is not None else {}
        return loss, (split(model)[2], scalars, dropped)

    def train_step(state: TrainState, batch: Batch, values: Values) -> tuple[TrainState, dict]:
        recipe, drop = make_recipe(values), None
        if sites:
            key = jax.random.fold_in(values.seed_key, state.step)
            keep_prob = {name: recipe.keep_prob[name](state.step) for name in sites}
            drop = ActiveSites(key, [(sites[name], keep_prob[name]) for name in sites])
        grads, (stats, scalars, dropped) = jax.grad(loss_of, has_aux=True)(
            gather(state.params), state.batch_stats, batch, drop
        )
        updates, opt_state = recipe.optimizer.update(scatter(grads), state.opt_state, state.params)
        rate = recipe.learning_rate(state.step)
        scalars |= {"learning_rate": rate, "stop": jnp.any(batch["stop"])}
        if "regularizer" in sites:
            scalars |= {"keep_prob": keep_prob["regularizer"], "dropped": dropped}
        params = optax.apply_updates(state.params, updates)
        ema = None if state.ema is None else recipe.average(state.ema, params, state.step)
        return TrainState(state.step + 1, params, stats, opt_state, ema), scalars

    return train_step


def make_eval_step(task: Task, graphdef: nnx.GraphDef) -> EvalStep:
    """``(state, batch) -> ({metric: (sum, count)}, stop)``, the latter as in training."""

    def eval_step(state: TrainState, batch: Batch) -> tuple[dict, jax.Array]:
        model = merge(graphdef, state.eval_params, state.batch_stats)
        return task.metrics(model, batch), jnp.any(batch["stop"])

    return eval_step
