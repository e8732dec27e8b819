"""Checks of a config's values, before any work starts. Each mistake gets one line."""

from collections.abc import Sequence

from ml_collections import ConfigDict

from training.suggest import one_of

TASKS = ("classification",)
MODELS = ("resnet",)
RESNET_DEPTHS = (10, 18, 34, 50, 101)
MESH_AXES = ("data", "fsdp")
PRECISIONS = ("float32", "bfloat16")
AUTOAUGMENT = ("none", "imagenet", "cifar10")
REGULARIZERS = ("none", "dropblock", "dropout", "spatial_dropout", "drop_path")
KEEP_PROB_SCHEDULES = ("linear", "constant")
GAMMAS = ("paper", "exact")
LEARNING_RATE_SCHEDULES = ("cosine", "piecewise", "constant")


def check_config(config: ConfigDict) -> None:
    """Refuses a config that cannot run.

    Raises:
      ValueError: one line that names the field, its value and what is allowed.
    """
    one_of("config.task", config.task, TASKS)
    one_of("config.model.name", config.model.name, MODELS)
    one_of("config.precision", config.precision, PRECISIONS)
    for axis in config.mesh:
        one_of("axis of config.mesh", axis, MESH_AXES)
    if config.model.name == "resnet":
        _one_of_numbers("config.model.depth", config.model.depth, RESNET_DEPTHS)
    _at_least_one(config, "batch_size", "eval_every", "checkpoint_every", "log_every")
    if config.steps is None and config.epochs is None:
        raise ValueError("config.steps and config.epochs are both None: give one of them.")
    for name in ("steps", "epochs"):
        if config[name] is not None and not config[name] > 0:
            raise ValueError(f"config.{name} must be above 0, got {config[name]}.")
    if not 0 <= config.seed < 2**32:
        raise ValueError(f"config.seed must be in [0, 2**32), got {config.seed}.")
    one_of("config.data.autoaugment", config.data.autoaugment, AUTOAUGMENT)
    if config.data.cutout < 0:
        raise ValueError(
            f"config.data.cutout must be a size in pixels, or 0 for none, got {config.data.cutout}."
        )
    if not 0 <= config.label_smoothing < 1:
        raise ValueError(f"config.label_smoothing must be in [0, 1), got {config.label_smoothing}.")
    one_of("config.learning_rate.schedule", config.learning_rate.schedule, LEARNING_RATE_SCHEDULES)
    _check_regularizer(config.regularizer)


def numbers(
    flag: str, texts: Sequence[str], kind: type, low: float, high: float | None = None
) -> list:
    """A flag's list of numbers.

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
        if values[-1] < low or (high is not None and values[-1] > high):
            bounds = f"at least {low}" if high is None else f"in [{low}, {high}]"
            raise ValueError(f"{flag} must be {bounds}, got {text}.")
    return values


def _check_regularizer(regularizer: ConfigDict) -> None:
    one_of("config.regularizer.name", regularizer.name, REGULARIZERS)
    one_of("config.regularizer.schedule", regularizer.schedule, KEEP_PROB_SCHEDULES)
    one_of("config.regularizer.gamma", regularizer.gamma, GAMMAS)
    if not 0 < regularizer.keep_prob <= 1:
        raise ValueError(
            f"config.regularizer.keep_prob must be in (0, 1], got {regularizer.keep_prob}."
        )
    _at_least_one(regularizer, "block_size", prefix="config.regularizer")
    for group in regularizer.groups:
        if group not in (1, 2, 3, 4):
            raise ValueError(
                f"config.regularizer.groups must be groups from 1 to 4, got {group!r} "
                f"in {tuple(regularizer.groups)}."
            )
    if not regularizer.groups or len(set(regularizer.groups)) != len(regularizer.groups):
        raise ValueError(
            "config.regularizer.groups must name at least one group and none twice, "
            f"got {tuple(regularizer.groups)}."
        )


def _one_of_numbers(name: str, value: int, allowed: Sequence[int]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, got {value}.")


def _at_least_one(config: ConfigDict, *names: str, prefix: str = "config") -> None:
    for name in names:
        if config[name] < 1:
            raise ValueError(f"{prefix}.{name} must be at least 1, got {config[name]}.")
