"""Hyperparameters: passed to the compiled step as arguments, so changing them never recompiles."""

import dataclasses

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

#: The config fields behind them. Runs that differ in these alone share one compiled program.
HYPERPARAMETER_FIELDS = (
    "seed",
    "regularizer.keep_prob",
    "learning_rate.base",
    "optimizer.weight_decay",
)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Hyperparameters:
    """``seed_key``: of every random choice of a step; the others are float32 scalars."""

    seed_key: jax.Array
    keep_prob: jax.Array
    learning_rate: jax.Array
    weight_decay: jax.Array


def init_key(seed: int) -> jax.Array:
    """Makes the key of the initial parameters."""
    return jax.random.split(jax.random.key(seed))[0]


def hyperparameters_of(config: ConfigDict) -> Hyperparameters:
    """Takes the hyperparameters from a config."""
    return Hyperparameters(
        seed_key=jax.random.split(jax.random.key(config.seed))[1],
        keep_prob=jnp.float32(config.regularizer.keep_prob),
        learning_rate=jnp.float32(config.learning_rate.base),
        weight_decay=jnp.float32(config.optimizer.weight_decay),
    )
