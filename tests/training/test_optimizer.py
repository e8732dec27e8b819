"""Schedules and weight decay from config values."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from configs import cifar10, digits, imagenet_resnet50
from models.resnet import ResNet
from training import optimizer
from training.drop import keep_prob

IMAGENET = 1_281_167


def test_steps_win_over_epochs():
    config = digits.get_config()
    config.steps, config.epochs = 7, 3.0
    assert optimizer.total_steps(config, 640) == 7
    config.steps = None
    assert optimizer.total_steps(config, 640) == 30


def test_imagenet_learning_rate_is_the_papers():
    """0.1 per 256 images, 5 warm-up epochs, times 0.1 at epochs 100, 200 and 265 of 300."""
    config = imagenet_resnet50.get_config()
    rate = optimizer.learning_rate(config, IMAGENET, config.learning_rate.base)
    epoch = IMAGENET / 1024
    assert optimizer.total_steps(config, IMAGENET) == round(300 * epoch)
    values = {e: float(rate(round(e * epoch) + 1)) for e in (5, 99.9, 100, 199.9, 200, 264.9, 265)}
    assert values == pytest.approx(
        {5: 0.4, 99.9: 0.4, 100: 0.04, 199.9: 0.04, 200: 0.004, 264.9: 0.004, 265: 0.0004}
    )
    assert float(rate(0)) == 0
    assert float(rate(round(2.5 * epoch))) == pytest.approx(0.2, rel=1e-3)


def test_times_in_steps():
    config = imagenet_resnet50.get_config()
    config.learning_rate.warmup_steps = 10
    config.learning_rate.drop_steps = (20,)
    rate = optimizer.learning_rate(config, IMAGENET, config.learning_rate.base)
    assert [float(rate(s)) for s in (5, 10, 19, 21)] == pytest.approx([0.2, 0.4, 0.4, 0.04])


def test_cosine_ends_at_zero_and_short_runs_warm_up_at_most_half():
    config = cifar10.get_config()
    config.steps = 20
    rate = optimizer.learning_rate(config, 50_000, config.learning_rate.base)
    assert float(rate(10)) == pytest.approx(0.1)
    assert float(rate(20)) == pytest.approx(0, abs=1e-8)


def test_keep_prob_is_a_function_of_the_step():
    assert float(keep_prob("linear", 0.9, 100)(50)) == pytest.approx(0.95)
    assert float(keep_prob("constant", 0.9, 100)(0)) == pytest.approx(0.9)


def test_weight_decay_spares_batch_norm_alone():
    model = nnx.eval_shape(lambda: ResNet(depth=18, width=4, small_images=True, rngs=nnx.Rngs(0)))
    params = nnx.to_pure_dict(nnx.state(model, nnx.Param))
    mask = optimizer.decay_mask(model)
    assert jax.tree.structure(mask) == jax.tree.structure(params)
    for path, decayed in jax.tree_util.tree_flatten_with_path(mask)[0]:
        assert decayed == ("norm" not in jax.tree_util.keystr(path))


def test_sgd_is_nesterov_with_l2():
    """Against the update rule written out (Sutskever et al. 2013, as in PyTorch)."""
    config = digits.get_config()
    model = nnx.eval_shape(lambda: ResNet(depth=18, width=4, small_images=True, rngs=nnx.Rngs(0)))
    params = jax.tree.map(
        lambda leaf: jnp.full(leaf.shape, 0.5), nnx.to_pure_dict(nnx.state(model, nnx.Param))
    )
    decayed = optimizer.decay_mask(model)
    tx = optimizer.optimizer(config.optimizer, lambda step: 0.1, 5e-4, decayed)
    grads = jax.tree.map(lambda leaf: jnp.full(leaf.shape, 2.0), params)
    state = tx.init(params)
    weight, momentum = 0.5, 0.0
    for _ in range(3):
        updates, state = jax.jit(tx.update)(grads, state, params)
        params = jax.tree.map(jnp.add, params, updates)
        gradient = 2.0 + 5e-4 * weight
        momentum = 0.9 * momentum + gradient
        weight -= 0.1 * (gradient + 0.9 * momentum)
    assert float(params["stem"]["conv"]["kernel"].ravel()[0]) == pytest.approx(weight, rel=1e-5)
