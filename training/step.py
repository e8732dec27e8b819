"""One training step and one evaluation step, as pure functions."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from regularizers import NO_DROP, Drop, draw_masks, list_sites, realised_shares
from tasks import Batch, Metrics, Predicts, Task
from training.devices import STOP
from training.recipe import Hyperparameters, Recipe
from training.state import TrainState, merge, split

TrainStep = Callable[[TrainState, Batch, Hyperparameters], tuple[TrainState, dict]]
EvalStep = Callable[[TrainState, Batch], tuple[Metrics, jax.Array]]
PredictStep = Callable[[TrainState, Batch], dict[str, jax.Array]]


def make_loss(task: Task, graphdef: nnx.GraphDef) -> Callable[..., tuple[jax.Array, tuple]]:
    """Makes the function ``(params, batch_stats, batch, drop) -> (loss, (batch_stats, scalars))``.

    Args:
      task: has the loss.
      graphdef: of the task's network.
    """

    def loss_of(params: dict, stats: dict, batch: Batch, drop: Drop) -> tuple[jax.Array, tuple]:
        model = merge(graphdef, params, stats)
        loss, scalars = task.loss(model, batch, drop)
        return loss, (split(model)[2], scalars)

    return loss_of


def make_train_step(
    task: Task,
    graphdef: nnx.GraphDef,
    make_recipe: Callable[[Hyperparameters], Recipe],
    *,
    gather: Callable[[dict], dict],
    scatter: Callable[[dict], dict],
) -> TrainStep:
    """Makes the function ``(state, batch, hyperparameters) -> (state, scalars)``.

    The scalars are to be logged, all but ``stop``: whether any row of the batch asks to stop.

    Every random choice of a step derives from the seed key and the step's number, so a resumed
    run makes the same ones.

    Args:
      task: has the loss.
      graphdef: of the task's network.
      make_recipe: makes optimizer and schedules from the hyperparameters.
      gather: parameters as they are kept, to how a step uses them.
      scatter: gradients as a step makes them, to how parameters are kept.
    """

    loss_of = make_loss(task, graphdef)

    def train_step(
        state: TrainState, batch: Batch, values: Hyperparameters
    ) -> tuple[TrainState, dict]:
        recipe = make_recipe(values)
        params, stats = gather(state.params), state.batch_stats
        active = recipe.active(state.step)
        drop: Drop = NO_DROP
        dropping = {}
        if active:
            sites = list_sites(
                lambda drop, params, stats, batch: loss_of(params, stats, batch, drop),
                *(params, stats, batch),
            )
            key = jax.random.fold_in(values.seed_key, state.step)
            drop = masks = draw_masks(key, sites, active)
            if "regularizer" in active:
                shares = realised_shares("regularizer", masks, sites, active)
                dropping = {"keep_prob": active["regularizer"].keep_prob, "dropped": shares}
        grads, (stats, scalars) = jax.grad(loss_of, has_aux=True)(params, stats, batch, drop)
        updates, opt_state = recipe.optimizer.update(scatter(grads), state.opt_state, state.params)
        scalars |= dropping | {
            "learning_rate": recipe.learning_rate(state.step),
            STOP: jnp.any(batch[STOP]),
        }
        params = optax.apply_updates(state.params, updates)
        ema = None if state.ema is None else recipe.average(state.ema, params, state.step)
        return TrainState(state.step + 1, params, stats, opt_state, ema), scalars

    return train_step


def make_eval_step(task: Task, graphdef: nnx.GraphDef) -> EvalStep:
    """Makes the function ``(state, batch) -> (metrics, stop)``; ``stop`` as in training."""

    def eval_step(state: TrainState, batch: Batch) -> tuple[Metrics, jax.Array]:
        model = merge(graphdef, state.eval_params, state.batch_stats)
        return task.measure(model, batch), jnp.any(batch[STOP])

    return eval_step


def make_predict_step(task: Predicts, graphdef: nnx.GraphDef) -> PredictStep:
    """Makes the function ``(state, batch) -> what the network says``, as the task has it."""

    def predict_step(state: TrainState, batch: Batch) -> dict[str, jax.Array]:
        return task.predict(merge(graphdef, state.eval_params, state.batch_stats), batch)

    return predict_step
