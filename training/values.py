"""The numbers of a run that its compiled step is given: another value compiles nothing anew."""

import dataclasses

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

#: The config fields behind them. Runs that differ in these alone have the same program.
VALUE_FIELDS = (
    "seed",
    "regularizer.keep_prob",
    "learning_rate.base",
    "optimizer.weight_decay",
)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Values:
    """``seed_key``: of every random choice of a step; the others are float32 scalars."""

    seed_key: jax.Array
    keep_prob: jax.Array
    learning_rate: jax.Array
    weight_decay: jax.Array


def init_key(seed: int) -> jax.Array:
    """The key that parameters start from."""
    return jax.random.split(jax.random.key(seed))[0]


def values_of(config: ConfigDict) -> Values:
    """A config's values."""
    return Values(
        seed_key=jax.random.split(jax.random.key(config.seed))[1],
        keep_prob=jnp.float32(config.regularizer.keep_prob),
        learning_rate=jnp.float32(config.learning_rate.base),
        weight_decay=jnp.float32(config.optimizer.weight_decay),
    )
