"""A run's recipe: what its steps compute with, beside the gradients."""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import jax
import optax
from flax import nnx
from ml_collections import ConfigDict

from regularizers import Active, Regularizer
from training.recipe.average import update_average
from training.recipe.hyperparameters import Hyperparameters
from training.recipe.learning_rate import learning_rate
from training.recipe.length import total_steps
from training.recipe.optimizer import make_optimizer


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The optimizer of a run and its schedules.

    Attributes:
      optimizer: gradients to updates.
      learning_rate: the optimizer's own schedule, to be logged.
      active: step -> the regularisers with their keep_prob in that step, by name.
      average: (moving average of the parameters, parameters, step) -> moving average.
    """

    optimizer: optax.GradientTransformation
    learning_rate: optax.Schedule
    active: Callable[[jax.Array], dict[str, Active]]
    average: Callable[[dict, dict, jax.Array], dict]


def make_recipe(
    config: ConfigDict,
    train_examples: int,
    model: nnx.Module,
    regularizers: Mapping[str, Regularizer],
) -> Callable[[Hyperparameters], Recipe]:
    """Returns the function that makes a config's recipe with given hyperparameters.

    Args:
      config: of the run.
      train_examples: in one epoch.
      model: the network, with or without arrays.
      regularizers: of the config, by name; the hyperparameters have the keep_prob of
        "regularizer".
    """
    steps = total_steps(config, train_examples)

    def recipe(values: Hyperparameters) -> Recipe:
        rate = learning_rate(config, train_examples, values.learning_rate)

        def active(step: jax.Array) -> dict[str, Active]:
            own = dict(regularizers)
            if "regularizer" in own:
                own["regularizer"] = dataclasses.replace(
                    own["regularizer"], keep_prob=values.keep_prob
                )
            return {name: Active(one, one.keep_prob_at(step, steps)) for name, one in own.items()}

        return Recipe(
            optimizer=make_optimizer(config.optimizer, rate, values.weight_decay, model),
            learning_rate=rate,
            active=active,
            average=functools.partial(update_average, config.optimizer.ema_decay),
        )

    return recipe
