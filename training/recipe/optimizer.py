"""The optimizer: a function of optax or of ``training.recipe.optimizers``, by its name."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax.typing import ArrayLike
from ml_collections import ConfigDict

import registry

ROOM = "training.recipe.optimizers"
#: Fields of ``config.optimizer`` that are no argument of the optimizer.
OWN_FIELDS = ("name", "weight_decay", "weight_decay_kind", "clip_norm", "ema_decay")
#: Arguments of optimizers that no field of the config gives.
GIVEN = ("learning_rate", "weight_decay", "mask", "weight_decay_mask")
WEIGHT_DECAY_KINDS = ("l2", "decoupled")


def find_optimizer(name: str) -> Callable[..., optax.GradientTransformation]:
    """Finds an optimizer of our own, or else optax's, by its name.

    Raises:
      ValueError: there is none; one line with the nearest name.
    """
    if name in registry.names(ROOM):
        return registry.find(ROOM, name)
    known = _optax_optimizers()
    registry.one_of("config.optimizer.name", name, [*registry.names(ROOM), *known])
    return known[name]


def check_optimizer(options: ConfigDict) -> None:
    """Tries an optimizer on one parameter, without computing anything.

    Raises:
      ValueError: it does not take the values of its fields, or needs more than gradients, as a
        line search does; one line.
    """
    function = find_optimizer(options.name)
    fields = {name: value for name, value in options.items() if name not in OWN_FIELDS}

    def step() -> None:
        params = {"kernel": jnp.zeros((2, 2))}
        optimizer = function(optax.constant_schedule(0.1), **fields)
        optimizer.update(params, optimizer.init(params), params)

    try:
        jax.eval_shape(step)
    except Exception as error:  # optax says what it does not like in many ways
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(
            f"config.optimizer.name={options.name!r} cannot be used so: {reason}"
        ) from error


def takes_weight_decay(function: Callable[..., Any]) -> bool:
    """Whether an optimizer decays weights itself, decoupled from the gradient."""
    return "weight_decay" in inspect.signature(function).parameters


def make_optimizer(
    options: ConfigDict, schedule: optax.Schedule, weight_decay: ArrayLike, model: nnx.Module
) -> optax.GradientTransformation:
    """Makes the transformation from gradients to updates.

    L2 weight decay is added to the gradient, which is then clipped by its norm over all
    parameters together; a decoupled one is left to the optimizer. Batch norms are not decayed, and
    the model's ``frozen`` parameters stay as they are.

    Args:
      options: ``config.optimizer``.
      schedule: step -> learning rate.
      weight_decay: may be traced.
      model: the network, with or without arrays.
    """
    function, decayed = find_optimizer(options.name), decay_mask(model)
    fields = {name: value for name, value in options.items() if name not in OWN_FIELDS}
    parts = []
    if options.weight_decay_kind == "l2":
        parts.append(optax.add_decayed_weights(weight_decay, mask=decayed))
    if takes_weight_decay(function):
        decoupled = options.weight_decay_kind == "decoupled"
        mask = _mask_argument(function)
        fields |= {"weight_decay": weight_decay if decoupled else 0.0, mask: decayed}
    if options.clip_norm:
        parts.append(optax.clip_by_global_norm(options.clip_norm))
    optimizer = optax.chain(*parts, function(schedule, **fields))
    if not _frozen(model):
        return optimizer
    frozen = frozen_mask(model)
    return optax.chain(
        optax.masked(optimizer, _not(frozen)), optax.masked(optax.set_to_zero(), frozen)
    )


def decay_mask(model: nnx.Module) -> dict:
    """Makes a tree like the parameters': False where the parameter belongs to a batch norm."""
    norms = {path for path, module in nnx.iter_modules(model) if isinstance(module, nnx.BatchNorm)}
    return _tree_of(model, lambda path: path[:-1] not in norms)


def frozen_mask(model: nnx.Module) -> dict:
    """Makes a tree like the parameters': True where its name begins with one of ``model.frozen``.

    Raises:
      ValueError: no parameter's name begins with one of them.
    """
    names = [".".join(map(str, path)) for path in _paths(model)]
    for beginning in _frozen(model):
        if not any(name.startswith(beginning) for name in names):
            parts = dict.fromkeys(name.partition(".")[0] for name in names)
            raise ValueError(
                f"config.model.frozen has {beginning!r}, with which no parameter's name begins; "
                f"the network's parts are {', '.join(parts)}."
            )
    return _tree_of(model, lambda path: ".".join(map(str, path)).startswith(_frozen(model)))


def _frozen(model: nnx.Module) -> tuple[str, ...]:
    return tuple(getattr(model, "frozen", ()))


def _mask_argument(function: Callable[..., Any]) -> str:
    parameters = inspect.signature(function).parameters
    return "weight_decay_mask" if "weight_decay_mask" in parameters else "mask"


@functools.cache
def _optax_optimizers() -> dict[str, Callable[..., Any]]:
    """The functions of optax whose first argument is the learning rate."""
    found: dict[str, Callable[..., Any]] = {}
    for name, value in vars(optax).items():
        if inspect.isfunction(value) and not name.startswith(("_", "scale_by_")):
            parameters = list(inspect.signature(value).parameters)
            if parameters[:1] == ["learning_rate"]:
                found[name] = value
    return found


def _paths(model: nnx.Module) -> list[tuple]:
    return [path for path, _ in nnx.to_flat_state(nnx.state(model, nnx.Param))]


def _tree_of(model: nnx.Module, value: Callable[[tuple], bool]) -> dict:
    tree: dict = {}
    for path in _paths(model):
        node = tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = value(path)
    return tree


def _not(tree: dict) -> dict:
    return {
        name: _not(value) if isinstance(value, dict) else not value for name, value in tree.items()
    }
