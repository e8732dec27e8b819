"""What a config's runs drop: where, and with what keep_prob at which step."""

import optax
from jax.typing import ArrayLike
from ml_collections import ConfigDict

from dropblock import constant_keep_prob, linear_keep_prob
from models.drop_sites import (
    DropSites,
    baseline_sites,
    dropblock_sites,
    head_dropout_sites,
    scheduled_drop_path_sites,
)
from training.values import Values


def drop_sites(config: ConfigDict) -> dict[str, DropSites]:
    """Where each of a config's regularisers drops; those it does not use are left out.

    ``regularizer`` is the config's own; ``drop_path`` and ``dropout``, before the last layer, go
    beside it.
    """
    sites = {}
    if config.regularizer.name != "none":
        sites["regularizer"] = _regularizer_sites(config.regularizer)
    if config.drop_path_keep_prob < 1:
        sites["drop_path"] = scheduled_drop_path_sites()
    if config.dropout_keep_prob < 1:
        sites["dropout"] = head_dropout_sites()
    return sites


def keep_probs(config: ConfigDict, values: Values, steps: int) -> dict[str, optax.Schedule]:
    """The schedules of all: step -> keep_prob. DropPath's falls over the run, dropout's stays.

    Args:
      config: of the run.
      values: of the run; they have the regulariser's keep_prob.
      steps: of the whole run.
    """
    return {
        "regularizer": keep_prob(config.regularizer.schedule, values.keep_prob, steps),
        "drop_path": keep_prob("linear", config.drop_path_keep_prob, steps),
        "dropout": keep_prob("constant", config.dropout_keep_prob, steps),
    }


def keep_prob(schedule: str, target: ArrayLike, steps: int) -> optax.Schedule:
    """step -> keep_prob of a regulariser, over the whole run."""
    if schedule == "linear":
        return linear_keep_prob(target, steps)
    return constant_keep_prob(target)


def _regularizer_sites(regularizer: ConfigDict) -> DropSites:
    groups = tuple(regularizer.groups)
    if regularizer.name != "dropblock":
        return baseline_sites(regularizer.name, groups=groups)
    return dropblock_sites(
        block_size=regularizer.block_size,
        groups=groups,
        on_skip=regularizer.on_skip,
        gamma=regularizer.gamma,
    )
