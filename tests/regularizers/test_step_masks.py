"""The masks of one step, drawn before the network runs."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dropblock import apply_mask
from regularizers import NO_DROP, Active, Masks, Site, draw_masks, list_sites, realised_shares
from regularizers.drop_path import DropPath
from regularizers.dropblock import DropBlock
from regularizers.dropout import Dropout
from regularizers.head_dropout import HeadDropout

LARGE, SMALL = (8, 6, 6, 4), (8, 3, 3, 8)
SITES = [
    *(Site(f"early/{name}", 2, LARGE) for name in ("conv1", "branch")),
    *(Site(f"middle/{name}", 3, LARGE) for name in ("skip", "conv1", "branch")),
    *(Site(f"late/{name}", 4, SMALL) for name in ("skip", "conv1", "conv2", "branch")),
    Site("head", 4, (8, 16)),
]
DROPBLOCK = DropBlock(block_size=2, gamma="exact")
ACTIVE = {
    "regularizer": Active(DROPBLOCK, 0.7),
    "drop_path": Active(DropPath(groups=(1, 2, 3, 4), scale_by_group=False), 0.6),
    "dropout": Active(HeadDropout(groups=(4,), scale_by_group=False), 0.5),
}
#: The regularisers of a step by the name of a case; all cases are drawn by one compiled program.
CASES = {
    "all": ACTIVE,
    **{name: {name: one} for name, one in ACTIVE.items()},
    "without skips": {"regularizer": Active(dataclasses.replace(DROPBLOCK, on_skip=False), 0.7)},
    "two at one site": {"regularizer": ACTIVE["regularizer"], "dropout": Active(Dropout(), 0.7)},
}


@pytest.fixture(scope="module")
def drawn():
    """(masks, shares of each regulariser) of every case, and masks drawn one by one."""

    def draw(key):
        cases = {}
        for case, active in CASES.items():
            masks = draw_masks(key, SITES, active)
            shares = {name: realised_shares(name, masks, SITES, active) for name in active}
            cases[case] = masks, shares
        alone = {
            site.path: tuple(
                regularizer.draw(
                    jax.random.fold_in(key, number),
                    site.shape,
                    regularizer.keep_prob_of(site.group, keep_prob),
                )
                for regularizer, keep_prob in ACTIVE.values()
                if regularizer.drops_at(site)
            )
            for number, site in enumerate(SITES, start=1)
        }
        return cases, alone

    return jax.jit(draw)(jax.random.key(0))


def equal(first, second):
    """Compares trees: whole numbers, which masks are, exactly, and what is divided to rounding."""

    def compare(a, b):
        exact = jnp.issubdtype(a.dtype, jnp.integer)
        np.testing.assert_allclose(a, b, rtol=0 if exact else 1e-6)

    jax.tree.map(compare, first, second)


def test_masks_drawn_together_are_those_drawn_one_by_one(drawn):
    cases, alone = drawn
    masks = cases["all"][0].masks
    equal(masks, {path: own for path, own in alone.items() if own})
    assert sum(map(len, masks.values())) == (2 + 3) + 3 + 1


def test_several_regularisers_drop_as_each_alone(drawn):
    """At their own sites, with the masks that they have without the others."""
    cases, _ = drawn
    together, shares = cases["all"]
    for name in ACTIVE:
        alone, own = cases[name]
        equal(own[name], shares[name])
        equal(alone.masks, {path: together.masks[path] for path in alone.masks})
    assert {path for name in ACTIVE for path in cases[name][0].masks} == set(together.masks)


def test_where_two_regularisers_drop_at_one_site_both_masks_apply(drawn):
    masks, _ = drawn[0]["two at one site"]
    first, second = masks.masks["late/conv1"]
    x = jnp.linspace(1, 2, np.prod(SMALL)).reshape(SMALL)
    expected = apply_mask(apply_mask(x, first), second)
    assert (masks.at("late")(x, group=4, site="conv1") == expected).all()


def test_leaving_a_site_out_does_not_move_the_others(drawn):
    with_skips, without = (drawn[0][case][0].masks for case in ("regularizer", "without skips"))
    assert set(with_skips) - set(without) == {"middle/skip", "late/skip"}
    equal({path: with_skips[path] for path in without}, without)


def test_no_two_sites_have_the_same_mask(drawn):
    masks = drawn[0]["regularizer"][0].masks
    words = {np.asarray(mask.packed.words).tobytes() for (mask,) in masks.values()}
    assert len(words) == len(masks) == 5


def test_realised_share_is_that_of_the_zeros_by_group(drawn):
    masks, shares = drawn[0]["all"]
    assert set(shares["regularizer"]) == {3, 4}
    for group, share in shares["regularizer"].items():
        own = [site for site in SITES if site.group == group and DROPBLOCK.drops_at(site)]
        outputs = [masks(jnp.ones(site.shape), group=group, site=site.path) for site in own]
        zeros = sum(int((y == 0).sum()) for y in outputs)
        assert zeros > 0
        assert float(share) == pytest.approx(zeros / sum(y.size for y in outputs), rel=1e-5)


@pytest.mark.statistical
def test_scheduled_drop_path_is_not_scaled_by_group(key):
    sites = [Site(f"block{group}/branch", group, (4096, 1, 1, 2)) for group in (1, 4)]
    active = {"drop_path": Active(ACTIVE["drop_path"].regularizer, 0.5)}
    masks = jax.jit(lambda key: draw_masks(key, sites, active))(key)
    for site in sites:
        y = np.asarray(masks(jnp.ones(site.shape), group=site.group, site=site.path))
        assert set(y.ravel()) == {0.0, 2.0}
        assert (y == 0).mean() == pytest.approx(0.5, abs=0.05)
        assert (y[..., 0] == y[..., 1]).all()


@pytest.mark.parametrize("regularizer", [DropBlock(), Dropout()])
def test_shares_of_more_units_than_an_int_holds(regularizer, key):
    """Group 3 of ResNet-50 has 3,161,088 units an image: 2**31 in a batch of 680."""
    sites = [Site(f"block{n}/conv1", 3, (2**12, 14, 14, 1024)) for n in range(3)]
    active = {"regularizer": Active(regularizer, 0.9)}

    def dropped(key):
        return realised_shares("regularizer", draw_masks(key, sites, active), sites, active)

    assert jax.eval_shape(dropped, key)[3].shape == ()


def test_the_same_masks_on_one_device_and_on_two(key):
    def step(key, x):
        masks = draw_masks(key, SITES, ACTIVE)
        y = {site.path: masks(x[site.shape], group=site.group, site=site.path) for site in SITES}
        return y, realised_shares("regularizer", masks, SITES, ACTIVE)

    x = {site.shape: jnp.ones(site.shape) for site in SITES}
    results = []
    for devices in (jax.devices()[:1], jax.devices()[:2]):
        split = NamedSharding(Mesh(np.array(devices), ("data",)), PartitionSpec("data"))
        whole = NamedSharding(split.mesh, PartitionSpec())
        outputs = {site.path: split for site in SITES}
        compiled = jax.jit(step, out_shardings=(outputs, whole))
        results.append(compiled(jax.device_put(key, whole), jax.device_put(x, split)))
    assert len(results[1][0]["head"].sharding.device_set) == 2
    equal(*results)


def test_masks_pass_through_jit_as_arguments_and_results(drawn):
    masks, _ = drawn[0]["all"]
    assert isinstance(masks, Masks)

    @jax.jit
    def apply(masks, x):
        return masks.at("late")(x, group=4, site="conv2"), masks

    x = jnp.ones(SMALL)
    y, again = apply(masks, x)
    assert (y == masks(x, group=4, site="late/conv2")).all()
    assert (y != x).any()
    equal(masks, again)


class Scale(nnx.Module):
    """Counts its calls, as batch norm does its statistics."""

    def __init__(self):
        self.scale, self.calls = nnx.Param(jnp.ones(())), nnx.BatchStat(jnp.zeros(()))

    def __call__(self, drop, x):
        self.calls[...] += 1
        return jnp.sin(drop(x, group=4, site="conv1") * self.scale[...])


@pytest.mark.parametrize("regularizer", [Dropout(), DropBlock(block_size=2)])
def test_remat_changes_no_value(regularizer, key):
    """Two modules alike, through one function: masks, shares and statistics are each one's own."""
    x = jnp.linspace(-1, 1, 8 * 4 * 4 * 2).reshape(8, 4, 4, 2)
    active = {"regularizer": Active(regularizer, 0.5)}

    def forward(drop, scales, rematerialise):
        modules = [Scale(), Scale()]
        for module, scale in zip(modules, scales, strict=True):
            module.scale[...] = scale

        def apply(module, drop, x):
            return module(drop, x)

        call = nnx.remat(apply) if rematerialise else apply
        y, maps = x, []
        for name, module in zip("ab", modules, strict=True):
            y = call(module, drop.at(name), y)
            maps.append(y)
        return maps, [module.calls[...] for module in modules]

    def loss(scales, rematerialise):
        network = functools.partial(forward, rematerialise=rematerialise)
        sites = list_sites(network, scales)
        masks = draw_masks(key, sites, active)
        maps, counts = network(masks, scales)
        return maps[-1].sum(), (maps, counts, realised_shares("regularizer", masks, sites, active))

    plain, again = (
        jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=1)([1.0, 2.0], rematerialise)
        for rematerialise in (False, True)
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), plain, again)
    (_, (maps, counts, shares)), _ = again
    assert [float(count) for count in counts] == [1, 1]
    assert set(shares) == {4} and 0.3 < shares[4] < 0.6
    first, second = (np.asarray(m) == 0 for m in maps)
    assert (second & ~first).any()


def test_a_network_without_regularisers_gets_its_arrays_back():
    x = jnp.ones((1, 2, 2, 1))
    assert NO_DROP(x, group=4, site="conv1") is x
    assert Masks({})(x, group=4, site="conv1") is x
    assert jax.tree.leaves(NO_DROP) == []
