"""Updates from config values, against the rules written out."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from ml_collections import ConfigDict

from configs import digits, imagenet_amoebanet
from models.resnet import ResNet
from training.config import complete
from training.recipe.optimizer import (
    decay_mask,
    find_optimizer,
    frozen_mask,
    make_optimizer,
    takes_weight_decay,
)


class Small(nnx.Module):
    """A matrix, which is decayed, and a batch norm, which is not."""

    def __init__(self, frozen=()):
        self.linear = nnx.Linear(2, 2, use_bias=False, rngs=nnx.Rngs(0))
        self.norm = nnx.BatchNorm(2, rngs=nnx.Rngs(0))
        self.frozen = frozen


def filled(model, value):
    params = nnx.to_pure_dict(nnx.state(model, nnx.Param))
    return jax.tree.map(lambda leaf: jnp.full(leaf.shape, value), params)


def options(name, **fields):
    config = digits.get_config()
    config.optimizer = ConfigDict({"name": name} | fields)
    return complete(config).optimizer


def test_weight_decay_spares_batch_norm_alone():
    model = nnx.eval_shape(lambda: ResNet(depth=18, width=4, small_images=True, rngs=nnx.Rngs(0)))
    params = nnx.to_pure_dict(nnx.state(model, nnx.Param))
    mask = decay_mask(model)
    assert jax.tree.structure(mask) == jax.tree.structure(params)
    for path, decayed in jax.tree_util.tree_flatten_with_path(mask)[0]:
        assert decayed == ("norm" not in jax.tree_util.keystr(path))


def test_sgd_is_nesterov_with_l2():
    """Sutskever et al. 2013, as in PyTorch."""
    model = Small()
    tx = make_optimizer(complete(digits.get_config()).optimizer, lambda step: 0.1, 5e-4, model)
    params, grads = filled(model, 0.5), filled(model, 2.0)
    state = tx.init(params)
    weight, momentum = 0.5, 0.0
    for _ in range(3):
        updates, state = jax.jit(tx.update)(grads, state, params)
        params = jax.tree.map(jnp.add, params, updates)
        gradient = 2.0 + 5e-4 * weight
        momentum = 0.9 * momentum + gradient
        weight -= 0.1 * (gradient + 0.9 * momentum)
    np.testing.assert_allclose(params["linear"]["kernel"], weight, rtol=1e-5)


def test_rmsprop_is_tensorflows_with_clipping_after_l2():
    """Squares begin at 1, epsilon 1 is under the root. The norm is that of all parameters."""
    model = Small()
    own = complete(imagenet_amoebanet.get_config()).optimizer
    tx = make_optimizer(own, lambda step: 0.1, 5e-5, model)
    params = filled(model, 0.5)
    state, weight, momentum, square = tx.init(params), 0.5, 0.0, 1.0
    for gradient in (2.0, 50.0, -3.0):
        grads = {"linear": filled(model, gradient)["linear"], "norm": filled(model, 0.0)["norm"]}
        updates, state = tx.update(grads, state, params)
        params = jax.tree.map(jnp.add, params, updates)
        clipped = gradient + 5e-5 * weight
        clipped *= min(1, 10 / (2 * abs(clipped)))  # the norm of four alike is twice one's
        square = 0.9 * square + 0.1 * clipped**2
        momentum = 0.9 * momentum + 0.1 * clipped / (square + 1.0) ** 0.5
        weight -= momentum
    np.testing.assert_allclose(params["linear"]["kernel"], weight, rtol=1e-5)


def one_update(tx, model, params, steps=3):
    state = tx.init(params)
    update = jax.jit(tx.update)
    for step in range(steps):
        # Not alike: LAMB and LARS look at directions.
        grads = jax.tree.map(
            lambda leaf: 0.3 + 0.1 * step + jnp.arange(leaf.size).reshape(leaf.shape),  # noqa: B023
            params,
        )
        updates, state = update(grads, state, params)
        params = optax.apply_updates(params, updates)
    return params


DECAYING = ["adamw", "lamb", "lars"]


@pytest.mark.parametrize("name", DECAYING)
def test_decoupled_decays_what_optax_decays_by_itself(name):
    """Batch norms apart, for which optax is told by a mask."""
    model = Small()
    params = filled(model, 0.5)
    ours = one_update(
        make_optimizer(options(name, weight_decay_kind="decoupled"), lambda step: 0.1, 0.2, model),
        *(model, params),
    )
    mask = {"weight_decay_mask" if name == "lars" else "mask": decay_mask(model)}
    plain = one_update(getattr(optax, name)(0.1, weight_decay=0.2, **mask), model, params)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), ours, plain))
    without = one_update(getattr(optax, name)(0.1, weight_decay=0.0, **mask), model, params)
    assert (ours["linear"]["kernel"] != without["linear"]["kernel"]).any()
    assert jnp.sum(ours["linear"]["kernel"]) < jnp.sum(without["linear"]["kernel"])
    if name == "adamw":  # a norm's step depends on no other parameter
        assert (ours["norm"]["scale"] == without["norm"]["scale"]).all()


@pytest.mark.parametrize("name", DECAYING)
def test_l2_is_in_the_gradient_and_not_decayed_twice(name):
    model = Small()
    params = filled(model, 0.5)
    tx = make_optimizer(options(name, weight_decay_kind="l2"), lambda step: 0.1, 0.2, model)
    mask = "weight_decay_mask" if name == "lars" else "mask"
    plain = getattr(optax, name)(0.1, **{"weight_decay": 0.0, mask: decay_mask(model)})
    by_hand = optax.chain(optax.add_decayed_weights(0.2, mask=decay_mask(model)), plain)
    ours, expected = one_update(tx, model, params), one_update(by_hand, model, params)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), ours, expected))


def test_clipping_bounds_the_gradient_of_a_decoupled_optimizer_alone():
    """What is decayed is no gradient: it is not clipped."""
    model = Small()
    params = filled(model, 0.5)
    fields = {"weight_decay_kind": "decoupled", "clip_norm": 1e-3}
    tx = make_optimizer(options("adamw", **fields), lambda step: 0.1, 0.2, model)
    by_hand = optax.chain(
        optax.clip_by_global_norm(1e-3),
        optax.adamw(0.1, weight_decay=0.2, mask=decay_mask(model)),
    )
    ours, expected = one_update(tx, model, params), one_update(by_hand, model, params)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), ours, expected))


def test_names():
    assert find_optimizer("adamw") is optax.adamw
    for name, expected in (("sgd", False), ("rmsprop", False), ("adam", False)):
        assert takes_weight_decay(find_optimizer(name)) is expected
    assert all(takes_weight_decay(find_optimizer(name)) for name in DECAYING)
    with pytest.raises(ValueError, match=r"config\.optimizer\.name 'adamv': did you mean 'adam"):
        find_optimizer("adamv")


@pytest.mark.parametrize("name", ["sgd", "adamw", "lamb"])
def test_frozen_parameters_stay_bit_for_bit_while_the_others_move(name):
    model = Small(frozen=("linear",))
    params = filled(model, 0.5)
    kind = "l2" if name == "sgd" else "decoupled"
    tx = make_optimizer(options(name, weight_decay_kind=kind), lambda step: 0.1, 0.2, model)
    after = one_update(tx, model, params)
    assert (after["linear"]["kernel"] == params["linear"]["kernel"]).all()
    assert (after["norm"]["scale"] != params["norm"]["scale"]).all()
    # What is frozen has no slots.
    slots = sum(leaf.size for leaf in jax.tree.leaves(tx.init(params)))
    whole = make_optimizer(options(name, weight_decay_kind=kind), lambda step: 0.1, 0.2, Small())
    assert slots < sum(leaf.size for leaf in jax.tree.leaves(whole.init(params))) or name == "sgd"


def test_a_frozen_name_that_is_no_parameters_is_refused():
    with pytest.raises(ValueError, match=r"has 'stme', with which no .* parts are linear, norm"):
        frozen_mask(Small(frozen=("stme",)))
