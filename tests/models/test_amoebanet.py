"""AmoebaNets: the published sizes, where they drop, and rematerialisation."""

import functools
import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from models.amoebanet import AmoebaNet
from models.amoebanet_cells import GENOTYPES
from models.amoebanet_operations import ConvNorm, HalveMap, pool
from regularizers import Active, draw_masks, list_sites, realised_shares
from regularizers.drop_path import DropPath
from regularizers.dropblock import DropBlock
from regularizers.dropout import Dropout
from regularizers.head_dropout import HeadDropout
from regularizers.spatial_dropout import SpatialDropout
from training.dry_run.multiply_adds import multiply_adds

SMALL = {"num_cells": 1, "num_filters": 16, "num_classes": 5, "small_images": True}


@functools.cache
def abstract(**options) -> nnx.Module:
    """The network without arrays."""
    # Not nnx.Rngs: each of its draws looks through the whole trace so far.
    rngs = SimpleNamespace(params=lambda: jax.random.key(0))
    return nnx.eval_shape(lambda: AmoebaNet(**options, rngs=rngs))


def run(function, *shape, **options):
    """Shapes of ``function(model, images)``; what it returns may be anything."""
    graphdef, state = nnx.split(abstract(**options))
    images = jax.ShapeDtypeStruct(shape, jnp.float32)
    return jax.eval_shape(
        lambda state, x: function(nnx.merge(graphdef, state, copy=True), x), state, images
    )


# Real et al. 2018, Table 2; B as the cells of the paper's code are counted.
SIZES = {
    ("a", 190): (86.719, 23.06),
    ("a", 204): (99.625, None),
    ("b", 256): (141.747, 37.87),
    ("c", 228): (155.273, 41.12),
}


@pytest.mark.parametrize(("cell", "num_filters"), SIZES)
def test_parameter_count(cell, num_filters):
    model = abstract(cell=cell, num_filters=num_filters, aux_head=False)
    count = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
    assert round(count / 1e6, 3) == SIZES[cell, num_filters][0]


@pytest.mark.parametrize(("cell", "num_filters"), [key for key in SIZES if SIZES[key][1]])
def test_multiply_adds_and_last_map(cell, num_filters):
    graphdef, state = nnx.split(abstract(cell=cell, num_filters=num_filters, aux_head=False))
    jaxpr, maps = jax.make_jaxpr(
        lambda state, x: nnx.merge(graphdef, state).features(x), return_shape=True
    )(state, jax.ShapeDtypeStruct((1, 331, 331, 3), jnp.float32))
    assert round(multiply_adds(jaxpr.jaxpr) / 1e9, 2) == SIZES[cell, num_filters][1]
    assert [m.shape[1:3] for m in maps] == [(42, 42), (21, 21), (11, 11)]


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("cell", "abcd")
def test_every_state_has_an_effect(cell, kind):
    genotype = GENOTYPES[cell][kind]
    read = {source for edges in genotype.sums for _, source in edges}
    assert read | set(genotype.outputs) == set(range(7))
    assert all(source < state for state, e in enumerate(genotype.sums, 2) for _, source in e)


@pytest.mark.parametrize(
    ("cell", "small_images", "sides"),
    [
        *((cell, True, [33, 17, 9]) for cell in "abcd"),
        ("b", True, [8, 4, 2]),
        ("b", False, [4, 2, 1]),
    ],
)
def test_shapes(cell, small_images, sides):
    """Even and odd sizes, and maps smaller than a window."""
    side = sides[0] if small_images else 8 * sides[0] + 1
    maps, logits, aux = run(
        lambda model, x: (model.features(x), *model.logits_and_aux(x, train=True)),
        *(2, side, side, 3),
        **SMALL | {"cell": cell, "small_images": small_images},
    )
    assert [m.shape[1:3] for m in maps] == [(side, side) for side in sides]
    assert logits.shape == aux.shape == (2, 5)
    assert logits.dtype == aux.dtype == jnp.float32


def test_auxiliary_logits_only_in_training_and_only_if_asked_for():
    shape = (2, 8, 8, 3)
    assert run(lambda model, x: model.logits_and_aux(x), *shape, **SMALL)[1] is None
    without = SMALL | {"aux_head": False}
    logits, aux = run(lambda m, x: m.logits_and_aux(x, train=True), *shape, **without)
    assert logits.shape == (2, 5)
    assert aux is None


def test_bfloat16_computes_low_and_keeps_parameters_and_statistics_high():
    def forward(model, x):
        return model.features(x), model.logits_and_aux(x, train=True), nnx.state(model)

    maps, logits, state = run(forward, 2, 8, 8, 3, **SMALL, dtype=jnp.bfloat16)
    assert {m.dtype for m in maps} == {jnp.dtype("bfloat16")}
    assert {leaf.dtype for leaf in jax.tree.leaves((logits, state))} == {jnp.dtype("float32")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "e"}, r"cell must be one of a, b, c, d, got 'e'\."),
        ({"num_cells": 0}, r"num_cells must be at least 1, got 0\."),
        ({"num_filters": 15}, r"num_filters must be at least 16, got 15\."),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1\.0\."),
        ({"epsilon": 0.0}, r"epsilon must be above 0, got 0\.0\."),
    ],
)
def test_refuses_bad_options(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        AmoebaNet(**options, rngs=nnx.Rngs(0))


def test_average_pool_leaves_out_the_padding():
    x = jnp.ones((1, 5, 4, 2), jnp.bfloat16)
    y = pool(x, "avg_pool_3x3", 2)
    assert y.dtype == jnp.bfloat16
    assert (y == jnp.ones((1, 3, 2, 2))).all()


def test_halving_sees_every_second_pixel_on_both_diagonals():
    halve = HalveMap(1, 2, momentum=0.9, epsilon=1e-3, dtype=jnp.float32, rngs=nnx.Rngs(0))
    for conv in (halve.even, halve.odd):
        conv.kernel[...] = jnp.ones((1, 1, 1, 1))
    x = jnp.arange(1.0, 26).reshape(1, 5, 5, 1)
    even, odd = np.moveaxis(np.asarray(halve(x, train=False))[0], -1, 0) * np.sqrt(1 + 1e-3)
    np.testing.assert_allclose(even, x[0, ::2, ::2, 0], rtol=1e-6)
    np.testing.assert_allclose(odd, np.pad(x[0, 1::2, 1::2, 0], ((0, 1), (0, 1))), rtol=1e-6)


def test_depthwise_kernels_start_at_the_variance_of_what_a_unit_reads():
    options = {"momentum": 0.9, "epsilon": 1e-3, "dtype": jnp.float32, "rngs": nnx.Rngs(0)}
    layer = ConvNorm(512, 8, (3, 3), separable=True, **options)
    assert layer.depthwise.kernel[...].shape == (3, 3, 1, 512)
    assert float(layer.depthwise.kernel[...].var()) == pytest.approx(2 / 9, rel=0.1)
    assert float(layer.conv.kernel[...].var()) == pytest.approx(2 / 512, rel=0.1)


@functools.cache
def sites_of(size=8, **options):
    graphdef, state = nnx.split(abstract(**options))

    def forward(drop, state, x):
        return nnx.merge(graphdef, state, copy=True)(x, train=True, drop=drop)

    images = jax.ShapeDtypeStruct((2, size, size, 3), jnp.float32)
    return list_sites(forward, state, images)


def test_sites_of_a_cell():
    """Normal cell B, the last one."""
    last = [site for site in sites_of(**SMALL) if site.path.startswith("stack3_cell1/")]
    assert [site.path.removeprefix("stack3_cell1/") for site in last] == [
        *("conv1", "conv2"),  # states 0 and 1
        *("state2_left/conv1", "state2_left/branch", "state2_right/branch"),  # 1x1 and a pool
        *("state3_left/skip", "state3_right/conv1", "state3_right/conv2", "state3_right/branch"),
        *("state4_left/conv1", "state4_left/branch"),
        *("state4_right/conv1", "state4_right/conv2", "state4_right/branch"),
        *("state5_left/conv1", "state5_left/branch", "state5_right/skip"),
        *("state6_left/branch", "state6_right/conv1", "state6_right/branch"),
        "skip0",  # state 0 in the output
    ]
    assert {(site.group, site.kind) for site in last} == {
        (4, kind) for kind in ("conv", "branch", "skip")
    }
    assert sites_of(**SMALL)[-1][:2] == ("head", 4)


@pytest.mark.parametrize(("num_cells", "small_images"), [(1, True), (2, True), (1, False)])
def test_the_last_half_of_the_cells_is_group_4(num_cells, small_images):
    sites = sites_of(size=33, **SMALL | {"num_cells": num_cells, "small_images": small_images})
    first_of_cells = [site for site in sites if site.path.count("/") == 1]
    groups = [site.group for site in first_of_cells if site.path.endswith("/conv1")]
    cells = 3 * num_cells + 2
    first, last = cells - cells // 2, cells // 2
    assert groups == [3] * (first + (0 if small_images else 2)) + [4] * last


@pytest.mark.parametrize(
    ("regularizer", "places"),
    [
        (DropBlock(groups=(4,)), {(4, "conv"), (4, "skip")}),
        (DropPath(groups=(4,)), {(4, "branch")}),
        (DropPath(groups=(1, 2, 3, 4)), {(3, "branch"), (4, "branch")}),
        (HeadDropout(), {(4, "head")}),
    ],
)
def test_groups_and_kinds_choose_the_sites(regularizer, places):
    dropping = [site for site in sites_of(**SMALL) if regularizer.drops_at(site)]
    assert {(site.group, site.kind) for site in dropping} == places


def test_no_regulariser_leaves_no_trace():
    graphdef, state = nnx.split(abstract(**SMALL))

    def program(active):
        def forward(state, x, key):
            drop = draw_masks(key, sites_of(**SMALL), active)
            return nnx.merge(graphdef, state, copy=True)(x, train=True, drop=drop)

        x = jax.ShapeDtypeStruct((2, 8, 8, 3), jnp.float32)
        return str(jax.make_jaxpr(forward)(state, x, jax.random.key(0)))

    assert "random" not in program({})
    assert "random" in program({"regularizer": Active(Dropout(), 0.9)})


def test_momentum_and_epsilon_reach_every_batch_norm():
    model = abstract(**SMALL | {"small_images": False}, momentum=0.75, epsilon=0.25)
    norms = [m for _, m in nnx.iter_modules(model) if isinstance(m, nnx.BatchNorm)]
    assert len(norms) > 50
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.75, 0.25)}


@functools.cache
def concrete(**options):
    """(graphdef, parameters, statistics) without compiling the initialisers."""
    graphdef, params, stats = nnx.split(abstract(**options), nnx.Param, nnx.BatchStat)
    generator = np.random.default_rng(0)

    def fill(path, leaf):
        name = jax.tree_util.keystr(path)
        if "kernel" in name:
            scale = np.sqrt(2 / math.prod(leaf.shape[:-1]))
            return jnp.asarray(generator.normal(scale=scale, size=leaf.shape), jnp.float32)
        return jnp.full(leaf.shape, 1.0 if "scale" in name or "var" in name else 0.0)

    return graphdef, *(jax.tree_util.tree_map_with_path(fill, tree) for tree in (params, stats))


NO_SITE = -1


def images(count=2, size=8):
    return jax.random.normal(jax.random.key(1), (count, size, size, 3))


class DropThird:
    """A :class:`regularizers.Drop` of every third unit of the site with the number ``dropped``."""

    def __init__(self, dropped):
        self.dropped, self.calls = dropped, 0

    def __call__(self, x, *, group, site):
        self.calls += 1
        third = jnp.arange(x.size).reshape(x.shape) % 3 == 0
        return jnp.where((self.dropped == self.calls - 1) & third, 0, x)

    def at(self, part):
        return self


@pytest.fixture(scope="module")
def evaluate():
    """``(images, number) -> logits, statistics``; units of the site with the number dropped."""
    graphdef, params, stats = concrete(**SMALL)

    @jax.jit
    def evaluate(x, dropped):
        model = nnx.merge(graphdef, params, stats, copy=True)
        return model(x, drop=DropThird(dropped)), nnx.state(model, nnx.BatchStat)

    return evaluate


def test_evaluation_is_deterministic_and_by_example(evaluate):
    first, stats = evaluate(images(), NO_SITE)
    assert (first == evaluate(images(), NO_SITE)[0]).all()
    np.testing.assert_allclose(evaluate(images()[::-1], NO_SITE)[0][::-1], first, rtol=1e-4)
    assert not np.allclose(first[0], first[1])
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), stats, concrete(**SMALL)[2]))


def test_every_site_matters(evaluate):
    """No site is called for nothing: dropping there changes the logits."""
    plain, _ = evaluate(images(), NO_SITE)
    for number, site in enumerate(sites_of(**SMALL)):
        assert not np.allclose(plain, evaluate(images(), number)[0]), site.path


#: Every regulariser at once.
ACTIVE = {
    "dropblock": Active(DropBlock(block_size=2), 0.9),
    "dropout": Active(Dropout(), 0.9),
    "spatial_dropout": Active(SpatialDropout(), 0.9),
    "drop_path": Active(DropPath(), 0.9),
    "head_dropout": Active(HeadDropout(), 0.9),
}


def network(remat, x):
    """``(drop, parameters) -> loss, statistics`` in training, and the parameters to begin with."""
    graphdef, params, stats = concrete(**SMALL, remat=remat)

    def forward(drop, params):
        model = nnx.merge(graphdef, params, stats, copy=True)
        heads = model.logits_and_aux(x, train=True, drop=drop)
        total = sum(jax.nn.logsumexp(y, axis=-1).sum() - y[0, 0] - y[1, 1] for y in heads)
        return total, nnx.state(model, nnx.BatchStat)

    return forward, params


@pytest.mark.slow
def test_every_parameter_has_a_finite_gradient_and_remat_changes_nothing():
    """The masks are those of the sites, drawn before: so the sites have to be the same ones."""
    (plain, params), (again, _) = (network(remat, images()) for remat in (False, True))
    sites = list_sites(plain, params)
    assert list_sites(again, params) == sites
    masks = jax.jit(lambda key: draw_masks(key, sites, ACTIVE))(jax.random.key(2))
    results = [
        jax.jit(jax.value_and_grad(forward, argnums=1, has_aux=True))(masks, params)
        for forward in (plain, again)
    ]
    for _, grads in results:
        for path, leaf in jax.tree_util.tree_leaves_with_path(grads):
            assert np.isfinite(leaf).all(), jax.tree_util.keystr(path)
            assert (np.abs(leaf) > 0).any(), jax.tree_util.keystr(path)
    for one, other in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-4 * np.abs(one).max())


def test_every_regulariser_drops_in_its_groups():
    sites = sites_of(**SMALL)

    def shares(key):
        masks = draw_masks(key, sites, ACTIVE)
        return {name: realised_shares(name, masks, sites, ACTIVE) for name in ACTIVE}

    groups = {name: set(own) for name, own in jax.eval_shape(shares, jax.random.key(0)).items()}
    assert groups == {name: {4} if name == "head_dropout" else {3, 4} for name in ACTIVE}


def test_remat_keeps_little_for_the_gradient():
    active = {"regularizer": Active(Dropout(), 0.9)}

    def kept(remat):
        forward, params = network(remat, images(8, 32))

        def loss(params):
            masks = draw_masks(jax.random.key(2), list_sites(forward, params), active)
            return forward(masks, params)

        residuals = jax.eval_shape(lambda p: jax.vjp(loss, p, has_aux=True)[1], params)
        return sum(leaf.size for leaf in jax.tree.leaves(residuals))

    assert kept(True) < 0.3 * kept(False)
