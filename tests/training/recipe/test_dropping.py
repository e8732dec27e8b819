"""What a config drops, and when."""

import jax.numpy as jnp
import pytest

from configs import imagenet_amoebanet, imagenet_resnet50
from training.drop import drop_sites, keep_prob, keep_probs
from training.recipe import hyperparameters_of


def test_keep_prob_is_a_function_of_the_step():
    assert float(keep_prob("linear", 0.9, 100)(50)) == pytest.approx(0.95)
    assert float(keep_prob("constant", 0.9, 100)(0)) == pytest.approx(0.9)


def test_a_config_drops_what_it_names_and_nothing_else():
    assert drop_sites(imagenet_resnet50.get_config("baseline")) == {}
    assert [*drop_sites(imagenet_resnet50.get_config("dropblock"))] == ["regularizer"]
    assert [*drop_sites(imagenet_amoebanet.get_config("baseline"))] == ["drop_path", "dropout"]
    sites = drop_sites(imagenet_amoebanet.get_config("dropblock"))
    assert [*sites] == ["regularizer", "drop_path", "dropout"]
    assert sites["regularizer"].groups == (4,)
    assert sites["regularizer"].kinds == {"conv", "skip"}


def test_keep_probs_of_amoebanet_half_way():
    """DropBlock's 0.9 and DropPath's 0.7 fall linearly, dropout's 0.5 stays."""
    config = imagenet_amoebanet.get_config("dropblock")
    schedules = keep_probs(config, hyperparameters_of(config), 100)
    half_way = {name: float(jnp.asarray(schedule(50))) for name, schedule in schedules.items()}
    assert half_way == pytest.approx({"regularizer": 0.95, "drop_path": 0.85, "dropout": 0.5})
