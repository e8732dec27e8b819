"""The optimizer and its schedules, from a config and its values, which may be traced."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax.typing import ArrayLike
from ml_collections import ConfigDict

from training.drop import keep_probs
from training.values import Values


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What one run's step computes with, beside the gradients.

    Attributes:
      optimizer: gradients to updates.
      learning_rate: its own schedule, to be logged.
      keep_prob: of each regulariser, by the names of :func:`training.drop.drop_sites`.
      average: (moving average of the parameters, parameters, step) -> moving average.
    """

    optimizer: optax.GradientTransformation
    learning_rate: optax.Schedule
    keep_prob: Mapping[str, optax.Schedule]
    average: Callable[[dict, dict, jax.Array], dict]


def make_recipe(
    config: ConfigDict, train_examples: int, model: nnx.Module
) -> Callable[[Values], Recipe]:
    """values -> the recipe of a config with these values."""
    steps, decayed = total_steps(config, train_examples), decay_mask(model)

    def recipe(values: Values) -> Recipe:
        rate = learning_rate(config, train_examples, values.learning_rate)
        return Recipe(
            optimizer=optimizer(config.optimizer, rate, values.weight_decay, decayed),
            learning_rate=rate,
            keep_prob=keep_probs(config, values, steps),
            average=functools.partial(average, config.optimizer.ema_decay),
        )

    return recipe


def total_steps(config: ConfigDict, train_examples: int) -> int:
    """Optimizer steps of the whole run: ``steps`` if given, else ``epochs`` times the data."""
    if config.steps is not None:
        return config.steps
    return max(1, round(config.epochs * train_examples / config.batch_size))


def learning_rate(config: ConfigDict, train_examples: int, base: ArrayLike) -> optax.Schedule:
    """step -> learning rate: linear warm-up from 0, then the config's schedule.

    That is "cosine" to 0, "piecewise" with drops, "exponential", by a factor in every so many
    epochs down to a floor, or "constant". ``base`` is per 256 images of batch size (Goyal et al.
    2017). Times are in steps or epochs; steps win where both are given.
    """
    rate = config.learning_rate
    steps_per_epoch = train_examples / config.batch_size
    peak = base * config.batch_size / 256
    total = total_steps(config, train_examples)
    warmup = _steps(rate.warmup_steps, rate.warmup_epochs, steps_per_epoch)
    warmup = min(warmup, total // 2)  # short runs keep at least half of their steps
    if rate.schedule == "cosine":
        after = optax.cosine_decay_schedule(peak, total - warmup)
    elif rate.schedule == "piecewise":
        drops: Sequence[float] = rate.drop_steps or [
            epoch * steps_per_epoch for epoch in rate.drop_epochs
        ]
        after = optax.piecewise_constant_schedule(
            peak, {round(drop) - warmup: rate.drop_factor for drop in drops}
        )
    elif rate.schedule == "exponential":
        times = rate.decay_epochs * steps_per_epoch
        # Falls from step 0 on; the warm-up only stands before it.
        start = peak * rate.decay_factor ** (warmup / times)
        after = optax.exponential_decay(
            start, times, rate.decay_factor, end_value=rate.floor * peak
        )
    else:
        after = optax.constant_schedule(peak)
    return optax.join_schedules([optax.linear_schedule(0.0, peak, max(warmup, 1)), after], [warmup])


def optimizer(
    options: ConfigDict, schedule: optax.Schedule, weight_decay: ArrayLike, decayed: dict
) -> optax.GradientTransformation:
    """Weight decay as L2 where ``decayed``, which spares batch norms; clipping; a descent.

    The gradient's norm is clipped over all parameters together, where ``clip_norm`` is not 0.
    """
    clipping = [optax.clip_by_global_norm(options.clip_norm)] if options.clip_norm else []
    return optax.chain(
        optax.add_decayed_weights(weight_decay, mask=decayed),
        *clipping,
        DESCENTS[options.name](options, schedule),
    )


def sgd(options: ConfigDict, schedule: optax.Schedule) -> optax.GradientTransformation:
    """SGD with momentum.

    Source: Ghiasi et al. 2018 (recipe of Table 1).
    """
    return optax.sgd(schedule, momentum=options.momentum, nesterov=options.nesterov)


def rmsprop(options: ConfigDict, schedule: optax.Schedule) -> optax.GradientTransformation:
    """RMSProp with momentum, as TensorFlow's: squares begin at 1, epsilon under the root.

    Source: Real et al. 2018 (arXiv 1802.01548) and the authors' code.
    """
    return optax.rmsprop(
        schedule,
        decay=options.decay,
        eps=options.epsilon,
        initial_scale=1.0,
        momentum=options.momentum,
        nesterov=options.nesterov,
    )


DESCENTS = {"sgd": sgd, "rmsprop": rmsprop}


def average(decay: float, ema: dict, params: dict, step: jax.Array) -> dict:
    """The parameters' moving average after a step, when ``step`` were taken before it.

    Its decay begins small, so that it soon forgets where the parameters began:
    ``min(decay, (1 + n) / (10 + n))`` after n steps.

    Source: TensorFlow's ExponentialMovingAverage with ``num_updates``, as AmoebaNet's code has it.
    """
    n = jnp.asarray(step + 1, jnp.float32)
    return optax.incremental_update(params, ema, 1 - jnp.minimum(decay, (1 + n) / (10 + n)))


def decay_mask(model: nnx.Module) -> dict:
    """A tree like the parameters': False where the parameter belongs to a batch norm."""
    norms = {path for path, module in nnx.iter_modules(model) if isinstance(module, nnx.BatchNorm)}
    flat = nnx.to_flat_state(nnx.state(model, nnx.Param))
    mask: dict = {}
    for path, _ in flat:
        node = mask
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = path[:-1] not in norms
    return mask


def _steps(steps: int | None, epochs: float | None, steps_per_epoch: float) -> int:
    if steps is not None:
        return steps
    return round((epochs or 0) * steps_per_epoch)
