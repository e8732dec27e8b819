"""The optimizer and its schedules, from config values."""

from collections.abc import Sequence

import optax
from flax import nnx
from ml_collections import ConfigDict

from dropblock import constant_keep_prob, linear_keep_prob


def total_steps(config: ConfigDict, train_examples: int) -> int:
    """Optimizer steps of the whole run: ``steps`` if given, else ``epochs`` times the data."""
    if config.steps is not None:
        return config.steps
    return max(1, round(config.epochs * train_examples / config.batch_size))


def learning_rate(config: ConfigDict, train_examples: int) -> optax.Schedule:
    """step -> learning rate: linear warm-up from 0, then cosine to 0, drops, or constant.

    ``base`` is per 256 images of batch size (Goyal et al. 2017). Times are in steps or epochs;
    steps win where both are given.
    """
    rate = config.learning_rate
    steps_per_epoch = train_examples / config.batch_size
    peak = rate.base * config.batch_size / 256
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


def keep_prob(regularizer: ConfigDict, steps: int) -> optax.Schedule:
    """step -> keep_prob of the regulariser, over the whole run."""
    if regularizer.schedule == "linear":
        return linear_keep_prob(regularizer.keep_prob, steps)
    return constant_keep_prob(regularizer.keep_prob)


def sgd(
    config: ConfigDict, schedule: optax.Schedule, model: nnx.Module
) -> optax.GradientTransformation:
    """SGD with momentum; weight decay as L2 on everything but batch-norm parameters.

    Source: Ghiasi et al. 2018 (recipe of Table 1).
    """
    optimizer = config.optimizer
    decayed = decay_mask(model)
    return optax.chain(
        optax.add_decayed_weights(optimizer.weight_decay, mask=decayed),
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
