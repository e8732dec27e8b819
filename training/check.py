"""Checks of a config's values, before any work starts. Each mistake gets one line."""

from collections.abc import Sequence

from ml_collections import ConfigDict

from training.suggest import one_of

TASKS = ("classification",)
#: network -> its fields of config.model
MODELS = {
    "resnet": ("depth", "width", "small_images"),
    "amoebanet": (
        *("cell", "num_cells", "num_filters", "aux_head"),
        *("small_images", "momentum", "remat"),
    ),
}
RESNET_DEPTHS = (10, 18, 34, 50, 101)
MESH_AXES = ("data", "fsdp")
PRECISIONS = ("float32", "bfloat16")
AUTOAUGMENT = ("none", "imagenet", "cifar10")
REGULARIZERS = ("none", "dropblock", "dropout", "spatial_dropout", "drop_path")
KEEP_PROB_SCHEDULES = ("linear", "constant")
GAMMAS = ("paper", "exact")
LEARNING_RATE_SCHEDULES = ("cosine", "piecewise", "exponential", "constant")
OPTIMIZERS = ("sgd", "rmsprop")


def check_config(config: ConfigDict) -> None:
    """Refuses a config that cannot run.

    Raises:
      ValueError: one line that names the field, its value and what is allowed.
    """
    one_of("config.task", config.task, TASKS)
    _check_model(config)
    one_of("config.precision", config.precision, PRECISIONS)
    for axis in config.mesh:
        one_of("axis of config.mesh", axis, MESH_AXES)
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
    if not config.learning_rate.decay_epochs > 0:
        raise ValueError(
            "config.learning_rate.decay_epochs must be above 0, "
            f"got {config.learning_rate.decay_epochs}."
        )
    _check_optimizer(config.optimizer)
    _check_regularizer(config.regularizer)
    for name in ("drop_path_keep_prob", "dropout_keep_prob"):
        if not 0 < config[name] <= 1:
            raise ValueError(f"config.{name} must be in (0, 1], got {config[name]}.")
    if config.drop_path_keep_prob < 1 and config.regularizer.name == "drop_path":
        raise ValueError(
            "config.regularizer.name='drop_path' drops the same branches as "
            f"config.drop_path_keep_prob: that must be 1, got {config.drop_path_keep_prob}."
        )


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


def _check_model(config: ConfigDict) -> None:
    model = config.model
    one_of("config.model.name", model.name, tuple(MODELS))
    fields = MODELS[model.name]
    if {*model} != {"name", *fields}:
        raise ValueError(
            f"config.model.name={model.name!r} goes with {', '.join(fields)}, "
            f"not with {', '.join(field for field in model if field != 'name')}: "
            "take a config of that network."
        )
    if model.get("depth", 18) not in RESNET_DEPTHS:
        allowed = ", ".join(map(str, RESNET_DEPTHS))
        raise ValueError(f"config.model.depth must be one of {allowed}, got {model.depth}.")
    if model.get("aux_head", False):
        if not config.aux_weight > 0:
            raise ValueError(
                "config.aux_weight must be above 0 with config.model.aux_head, "
                f"got {config.aux_weight}."
            )
    elif config.aux_weight:
        raise ValueError(
            f"config.aux_weight must be 0 without config.model.aux_head, got {config.aux_weight}."
        )


def _check_optimizer(optimizer: ConfigDict) -> None:
    one_of("config.optimizer.name", optimizer.name, OPTIMIZERS)
    if optimizer.clip_norm < 0:
        raise ValueError(
            "config.optimizer.clip_norm must be a largest norm, or 0 for none, "
            f"got {optimizer.clip_norm}."
        )
    if not 0 <= optimizer.ema_decay < 1:
        raise ValueError(
            "config.optimizer.ema_decay must be in (0, 1), or 0 for no moving average, "
            f"got {optimizer.ema_decay}."
        )


def _at_least_one(config: ConfigDict, *names: str, prefix: str = "config") -> None:
    for name in names:
        if config[name] < 1:
            raise ValueError(f"{prefix}.{name} must be at least 1, got {config[name]}.")
