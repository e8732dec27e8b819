"""Checks of a config's values, before any work starts. Each mistake gets one line."""

import functools
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from ml_collections import ConfigDict

from registry import one_of
from training.config.complete import constructor_of
from training.devices.mesh import AXES
from training.recipe import find_optimizer, find_regularizers
from training.recipe.learning_rate import SCHEDULES
from training.recipe.optimizer import WEIGHT_DECAY_KINDS, check_optimizer, takes_weight_decay

PRECISIONS = ("float32", "bfloat16")
#: field -> (lowest, highest, whether the ends themselves are allowed)
RANGES: dict[str, tuple[float, float, str]] = {
    "seed": (0, 2**32, "[)"),
    "batch_size": (1, math.inf, "[)"),
    "eval_every": (1, math.inf, "[)"),
    "checkpoint_every": (1, math.inf, "[)"),
    "log_every": (1, math.inf, "[)"),
    "drop_path_keep_prob": (0, 1, "(]"),
    "dropout_keep_prob": (0, 1, "(]"),
    "learning_rate.base": (0, math.inf, "[)"),
    "learning_rate.warmup_epochs": (0, math.inf, "[)"),
    "learning_rate.drop_factor": (0, math.inf, "[)"),
    "learning_rate.decay_epochs": (0, math.inf, "()"),
    "learning_rate.decay_factor": (0, math.inf, "()"),
    "learning_rate.floor": (0, 1, "[]"),
    "optimizer.weight_decay": (0, math.inf, "[)"),
    "optimizer.clip_norm": (0, math.inf, "[)"),
    "optimizer.ema_decay": (0, 1, "[)"),
}
#: The same of fields that may be None or absent.
OPTIONAL_RANGES: dict[str, tuple[float, float, str]] = {
    "steps": (1, math.inf, "[)"),
    "epochs": (0, math.inf, "()"),
    "learning_rate.warmup_steps": (0, math.inf, "[)"),
    "optimizer.momentum": (0, 1, "[)"),
    "optimizer.decay": (0, 1, "[)"),
    "optimizer.b1": (0, 1, "[)"),
    "optimizer.b2": (0, 1, "[)"),
    "optimizer.eps": (0, math.inf, "[)"),
}


def check_config(config: ConfigDict) -> None:
    """Refuses a config that cannot run. Opens no file and builds no network.

    Args:
      config: with every field, see :func:`training.config.complete`.

    Raises:
      ValueError: one line that names the field, its value and what is allowed.
    """
    for field, bounds in RANGES.items():
        _check_range(field, _get(config, field), *bounds)
    for field, bounds in OPTIONAL_RANGES.items():
        if (value := _get(config, field)) is not None:
            _check_range(field, value, *bounds)
    if config.steps is None and config.epochs is None:
        raise ValueError("config.steps and config.epochs are both None: give one of them.")
    one_of("config.precision", config.precision, PRECISIONS)
    for axis in config.mesh:
        one_of("axis of config.mesh", axis, AXES)
    one_of("config.learning_rate.schedule", config.learning_rate.schedule, SCHEDULES)
    for field in ("drop_steps", "drop_epochs"):
        for value in config.learning_rate[field]:
            _check_range(f"learning_rate.{field}", value, 0, math.inf, "[)")
    _check_optimizer(config)
    find_regularizers(config)
    if config.drop_path_keep_prob < 1 and config.regularizer.name == "drop_path":
        raise ValueError(
            "config.regularizer.name='drop_path' drops the same branches as "
            f"config.drop_path_keep_prob: that must be 1, got {config.drop_path_keep_prob}."
        )
    _check_data(config)
    task = constructor_of(config, "task")
    if task is not None and hasattr(task, "check"):
        task.check(config)


def check_network(config: ConfigDict) -> None:
    """Refuses values of ``config.model`` that its network does not take.

    The network is built without arrays, which takes part of a second, once for each section. A run
    does so anyway when it starts; a sweep does it for all of its runs before the first.

    Raises:
      ValueError: one line that names the field.
    """
    _build(config.model.to_json(sort_keys=True), constructor_of(config, "model"))


@functools.cache
def _build(section: str, constructor: Callable[..., Any]) -> None:
    import jax
    from flax import nnx

    from models.layers.whole import param_rngs

    fields = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(section).items()
        if name != "name"
    }
    try:
        nnx.eval_shape(lambda: constructor(**fields, rngs=param_rngs(jax.random.key(0))))
    except ValueError as error:
        raise ValueError(f"config.model.{error}") from error


def numbers(
    flag: str, texts: Sequence[str], kind: type, low: float, high: float | None = None
) -> list:
    """Parses a flag's list of numbers.

    Raises:
      ValueError: one of them is none, or is outside [low, high].
    """
    values = []
    for text in texts:
        try:
            values.append(kind(text))
        except ValueError:
            raise ValueError(
                f"{flag} must be numbers of type {kind.__name__}, got {text!r}."
            ) from None
        if not low <= values[-1] <= (math.inf if high is None else high):
            bounds = f"at least {low}" if high is None else f"in [{low}, {high}]"
            raise ValueError(f"{flag} must be {bounds}, got {text}.")
    return values


def _check_data(config: ConfigDict) -> None:
    import data

    data.check(config.data)


def _check_optimizer(config: ConfigDict) -> None:
    options = config.optimizer
    one_of("config.optimizer.weight_decay_kind", options.weight_decay_kind, WEIGHT_DECAY_KINDS)
    check_optimizer(options)
    decoupled = options.weight_decay_kind == "decoupled"
    if decoupled and not takes_weight_decay(find_optimizer(options.name)):
        raise ValueError(
            "config.optimizer.weight_decay_kind='decoupled' needs an optimizer that decays weights "
            f"itself, such as adamw, lamb or lars, got config.optimizer.name={options.name!r}."
        )


def _get(config: ConfigDict, field: str) -> Any:
    value: Any = config
    for name in field.split("."):
        value = value.get(name) if name in value else None
    return value


def _check_range(field: str, value: Any, low: float, high: float, ends: str) -> None:
    """Refuses a number outside of low to high, an infinite one, and what is no number.

    ``ends``: such as "[)", whether ``low`` and ``high`` are allowed themselves.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value):
        above = value >= low if ends[0] == "[" else value > low
        below = value <= high if ends[1] == "]" else value < high
        if above and below:
            return
    if high != math.inf:
        allowed = f"in {ends[0]}{low}, {high}{ends[1]}"
    elif ends[0] == "(":
        allowed = f"above {low}"
    else:
        allowed = f"at least {low}"
    finite = " and finite" if is_number and math.isinf(value) else ""
    raise ValueError(f"config.{field} must be {allowed}{finite}, got {value}.")
