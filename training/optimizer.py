"""The optimizer and its schedules, from a config and its values, which may be traced."""

import dataclasses
from collections.abc import Callable, Sequence

import optax
from flax import nnx
from jax.typing import ArrayLike
from ml_collections import ConfigDict

from dropblock import constant_keep_prob, linear_keep_prob
from training.values import Values


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What one run's step computes with, beside the gradients."""

    optimizer: optax.GradientTransformation
    learning_rate: optax.Schedule
    keep_prob: optax.Schedule


def make_recipe(
    config: ConfigDict, train_examples: int, model: nnx.Module
) -> Callable[[Values], Recipe]:
    """values -> the recipe of a config with these values."""
    steps, decayed = total_steps(config, train_examples), decay_mask(model)

    def recipe(values: Values) -> Recipe:
        rate = learning_rate(config, train_examples, values.learning_rate)
        return Recipe(
            optimizer=sgd(config.optimizer, rate, values.weight_decay, decayed),
            learning_rate=rate,
            keep_prob=keep_prob(config.regularizer.schedule, values.keep_prob, steps),
        )

    return recipe


def total_steps(config: ConfigDict, train_examples: int) -> int:
    """Optimizer steps of the whole run: ``steps`` if given, else ``epochs`` times the data."""
    if config.steps is not None:
        return config.steps
    return max(1, round(config.epochs * train_examples / config.batch_size))


def learning_rate(config: ConfigDict, train_examples: int, base: ArrayLike) -> optax.Schedule:
    """step -> learning rate: linear warm-up from 0, then cosine to 0, drops, or constant.

    ``base`` is per 256 images of batch size (Goyal et al. 2017). Times are in steps or epochs;
    steps win where both are given.
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
    else:
        after = optax.constant_schedule(peak)
    return optax.join_schedules([optax.linear_schedule(0.0, peak, max(warmup, 1)), after], [warmup])


def keep_prob(schedule: str, target: ArrayLike, steps: int) -> optax.Schedule:
    """step -> keep_prob of the regulariser, over the whole run."""
    if schedule == "linear":
        return linear_keep_prob(target, steps)
    return constant_keep_prob(target)


def sgd(
    optimizer: ConfigDict, schedule: optax.Schedule, weight_decay: ArrayLike, decayed: dict
) -> optax.GradientTransformation:
    """SGD with momentum; weight decay as L2 where ``decayed``, which spares batch norms.

    Source: Ghiasi et al. 2018 (recipe of Table 1).
    """
    return optax.chain(
        optax.add_decayed_weights(weight_decay, mask=decayed),
        optax.sgd(schedule, momentum=optimizer.momentum, nesterov=optimizer.nesterov),
    )


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
