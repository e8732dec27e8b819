"""Schedules and weight decay from config values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from configs import cifar10, digits, imagenet_amoebanet, imagenet_resnet50
from models.resnet import ResNet
from training import optimizer

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


def test_amoebanet_learning_rate_is_the_papers():
    """0.015 * 0.97^(epoch / 2.4) from step 0, 3 warm-up epochs, not below 1e-4 of it."""
    config = imagenet_amoebanet.get_config()
    config.epochs = 1000.0
    rate = optimizer.learning_rate(config, IMAGENET, config.learning_rate.base)
    epoch = IMAGENET / 2048
    assert float(rate(round(1.5 * epoch))) == pytest.approx(0.0075, rel=1e-3)
    for e in (3.1, 50, 340):
        step = round(e * epoch)
        assert float(rate(step)) == pytest.approx(0.015 * 0.97 ** (step / epoch / 2.4), rel=1e-4)
    assert float(rate(round(900 * epoch))) == pytest.approx(1.5e-6)


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


def test_rmsprop_is_tensorflows_with_clipping_after_l2():
    """Against the update rule written out: squares begin at 1, epsilon 1 is under the root."""
    options = imagenet_amoebanet.get_config().optimizer
    params, decayed = {"w": jnp.full((2, 2), 0.5)}, {"w": True}
    tx = optimizer.optimizer(options, lambda step: 0.1, 5e-5, decayed)
    state, weight, momentum, square = tx.init(params), 0.5, 0.0, 1.0
    for gradient in (2.0, 50.0, -3.0):
        updates, state = tx.update({"w": jnp.full((2, 2), gradient)}, state, params)
        params = jax.tree.map(jnp.add, params, updates)
        clipped = gradient + 5e-5 * weight
        clipped *= min(1, 10 / (2 * abs(clipped)))  # the norm of four alike is twice one's
        square = 0.9 * square + 0.1 * clipped**2
        momentum = 0.9 * momentum + 0.1 * clipped / (square + 1.0) ** 0.5
        weight -= momentum
    np.testing.assert_allclose(params["w"], weight, rtol=1e-5)


def test_average_begins_with_a_small_decay():
    ema, expected = {"w": jnp.zeros(())}, 0.0
    for step in range(200):
        decay = min(0.9, (2 + step) / (11 + step))
        expected = decay * expected + (1 - decay) * (step + 1)
        ema = optimizer.average(0.9, ema, {"w": jnp.float32(step + 1)}, jnp.int32(step))
    assert float(ema["w"]) == pytest.approx(expected, rel=1e-5)
    assert float(ema["w"]) == pytest.approx(200 - 9, abs=0.01)
