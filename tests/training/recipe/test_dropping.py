"""What a config drops, and when."""

import jax.numpy as jnp
import pytest

from configs import imagenet_amoebanet, imagenet_resnet50
from tests import tiny
from training.config import complete
from training.recipe import find_regularizers, hyperparameters_of
from training.run import build_run


def test_a_config_drops_what_it_names_and_nothing_else():
    def names(module, variant):
        return [*find_regularizers(complete(module.get_config(variant)))]

    assert names(imagenet_resnet50, "baseline") == []
    assert names(imagenet_resnet50, "dropblock") == ["regularizer"]
    assert names(imagenet_amoebanet, "baseline") == ["drop_path", "dropout"]
    assert names(imagenet_amoebanet, "dropblock") == ["regularizer", "drop_path", "dropout"]
    own = find_regularizers(complete(imagenet_amoebanet.get_config("dropblock")))["regularizer"]
    assert own.groups == (4,)
    assert own.kinds == {"conv", "skip"}


def test_keep_probs_of_amoebanet_half_way():
    """DropBlock's 0.9 and DropPath's 0.7 fall linearly, dropout's 0.5 stays."""
    found = find_regularizers(complete(imagenet_amoebanet.get_config("dropblock")))
    half_way = {name: float(jnp.asarray(one.keep_prob_at(50, 100))) for name, one in found.items()}
    assert half_way == pytest.approx({"regularizer": 0.95, "drop_path": 0.85, "dropout": 0.5})


def test_a_step_takes_keep_prob_from_its_hyperparameters():
    """So runs of another keep_prob share the program."""
    run = build_run(tiny.config())
    recipe = run._recipe(hyperparameters_of(tiny.config(regularizer__keep_prob=0.5)))
    keep_probs = [float(recipe.active(jnp.int32(step))["regularizer"].keep_prob) for step in (0, 3)]
    assert keep_probs == pytest.approx([1, 0.75])
