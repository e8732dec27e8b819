"""What a run's steps compute with: optimizer, learning rate, weight decay, averages, keep_prob."""

from training.recipe.dropping import find_regularizers
from training.recipe.hyperparameters import (
    HYPERPARAMETER_FIELDS,
    Hyperparameters,
    hyperparameters_of,
    init_key,
)
from training.recipe.length import total_steps
from training.recipe.optimizer import find_optimizer
from training.recipe.recipe import Recipe, make_recipe

__all__ = [
    "HYPERPARAMETER_FIELDS",
    "Hyperparameters",
    "Recipe",
    "find_optimizer",
    "find_regularizers",
    "hyperparameters_of",
    "init_key",
    "make_recipe",
    "total_steps",
]
