"""ResNets: the published sizes, and where they drop."""

import math

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from models.resnet import ResNet
from regularizers import NO_DROP, list_sites
from regularizers.dropblock import DropBlock
from tests.models.dropping import Spy, drop_at_sites


def parameters(**options) -> int:
    model = nnx.eval_shape(lambda: ResNet(**options, rngs=nnx.Rngs(0)))
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


# Published counts: He et al. 2016 as implemented in torchvision and TensorFlow's models.
@pytest.mark.parametrize(
    ("depth", "count"), [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032), (101, 44_549_160)]
)
def test_parameter_count(depth, count):
    assert parameters(depth=depth) == count


def multiply_adds(jaxpr) -> int:
    """Of convolutions and matrix products, by their definition."""
    total = 0
    for equation in jaxpr.eqns:
        out = equation.outvars[0].aval
        if equation.primitive.name == "conv_general_dilated":
            kernel = equation.invars[1].aval.shape
            layout = equation.params["dimension_numbers"].rhs_spec  # (out, in, *spatial)
            total += math.prod(out.shape) * math.prod(kernel) // kernel[layout[0]]
        elif equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            depth = math.prod(equation.invars[0].aval.shape[axis] for axis in contracted)
            total += math.prod(out.shape) * depth
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            total += multiply_adds(inner)
    return total


def test_resnet50_multiply_adds():
    def forward(x):
        return ResNet(depth=50, rngs=nnx.Rngs(0))(x)

    jaxpr = jax.make_jaxpr(forward)(jnp.ones((1, 224, 224, 3)))
    assert multiply_adds(jaxpr.jaxpr) == pytest.approx(4.1e9, rel=0.01)


@pytest.fixture(scope="module")
def small():
    """A ResNet-18 for 16x16 images, apart: (graphdef, params, stats)."""
    model = ResNet(depth=18, width=4, num_classes=5, small_images=True, rngs=nnx.Rngs(0))
    # Zero-initialised scales would hide what happens in the branches.
    for _, module in nnx.iter_modules(model):
        if isinstance(module, nnx.BatchNorm):
            module.scale[...] = jnp.ones_like(module.scale[...])
    return nnx.split(model)


def logits(small, drop=NO_DROP, train=True):
    return nnx.merge(*small, copy=True)(
        jnp.linspace(-1, 1, 2 * 16 * 16 * 3).reshape(2, 16, 16, 3), train=train, drop=drop
    )


def test_stages_halve_the_map_and_double_the_channels(small):
    maps = nnx.merge(*small, copy=True).features(jnp.ones((2, 16, 16, 3)))
    assert [m.shape for m in maps] == [(2, 16, 16, 4), (2, 8, 8, 8), (2, 4, 4, 16), (2, 2, 2, 32)]


def test_last_norm_of_a_block_starts_at_zero():
    model = ResNet(depth=50, width=4, small_images=True, rngs=nnx.Rngs(0))
    block = model.group2_block2
    assert (block.conv3.norm.scale[...] == 0).all()
    assert (block.conv2.norm.scale[...] == 1).all()
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 32)) ** 2
    assert (block(x, train=True, drop=NO_DROP) == x).all()


def test_sites_of_basic_and_bottleneck_blocks(small):
    spy = Spy()
    logits(small, spy)
    per_group = ["skip", "conv1", "conv2", "branch"] * 2
    in_groups = [(group, site) for group in (1, 2, 3, 4) for site in per_group]
    assert spy.calls == [*in_groups, (4, "head")]

    spy = Spy()
    jax.eval_shape(
        lambda: ResNet(depth=50, rngs=nnx.Rngs(0))(jnp.ones((1, 64, 64, 3)), train=True, drop=spy)
    )
    assert spy.calls[:5] == [(1, s) for s in ("skip", "conv1", "conv2", "conv3", "branch")]
    assert [spy.calls.count((group, "conv3")) for group in (1, 2, 3, 4)] == [3, 4, 6, 3]


@pytest.mark.slow
def test_every_site_matters(small):
    """No site is called for nothing: changing what it returns changes the logits."""
    plain = logits(small, Spy(), train=False)
    for index in range(33):
        assert not np.allclose(plain, logits(small, Spy(index), train=False)), index


@pytest.mark.parametrize(("on_skip", "kinds"), [(True, {"skip", "conv"}), (False, {"conv"})])
def test_groups_and_skip_choose_the_sites(small, on_skip, kinds):
    regularizer = DropBlock(groups=(4,), on_skip=on_skip)
    sites = list_sites(lambda drop: logits(small, drop))
    chosen = [site for site in sites if regularizer.drops_at(site)]
    assert {(site.group, site.kind) for site in chosen} == {(4, kind) for kind in kinds}
    assert len(chosen) == 2 * (3 if on_skip else 2)
    assert len({site.path for site in sites}) == len(sites) == 33


def test_realised_share_is_that_of_the_zeros_by_group(small, key):
    regularizer = DropBlock(block_size=2)
    masks, shares = drop_at_sites(regularizer, key, lambda drop: logits(small, drop))
    zeros = {3: [0, 0], 4: [0, 0]}

    class Counting:
        def __init__(self, drop):
            self.drop = drop

        def at(self, part):
            return Counting(self.drop.at(part))

        def __call__(self, x, *, group, site):
            if site in self.drop.masks:
                y = self.drop(jnp.ones_like(x), group=group, site=site)
                zeros[group][0] += int((y == 0).sum())
                zeros[group][1] += y.size
            return x

    logits(small, Counting(masks))
    assert set(shares) == {3, 4}
    for group, share in shares.items():
        assert float(share) == pytest.approx(zeros[group][0] / zeros[group][1], rel=1e-5)


def test_no_regulariser_leaves_no_trace(small):
    def program(regularizer):
        def step(state, x, key):
            def forward(drop, state, x):
                return nnx.merge(small[0], state, copy=True)(x, train=True, drop=drop)

            if regularizer is None:
                return forward(NO_DROP, state, x)
            masks, _ = drop_at_sites(regularizer, key, forward, state, x)
            return forward(masks, state, x)

        return str(jax.make_jaxpr(step)(small[1], jnp.ones((2, 16, 16, 3)), jax.random.key(0)))

    assert "random" not in program(None)
    assert "random" in program(DropBlock())


def test_batch_norm_and_frozen_parts_are_fields():
    model = nnx.eval_shape(
        lambda: ResNet(depth=18, momentum=0.7, epsilon=0.1, frozen=("stem",), rngs=nnx.Rngs(0))
    )
    norms = [m for _, m in nnx.iter_modules(model) if isinstance(m, nnx.BatchNorm)]
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.7, 0.1)}
    assert model.frozen == ("stem",)
    with pytest.raises(ValueError, match=r"^momentum must be in \[0, 1\), got 1"):
        ResNet(momentum=1.0, rngs=nnx.Rngs(0))


def test_bfloat16_computes_low_and_keeps_parameters_and_statistics_high():
    model = ResNet(depth=18, width=4, small_images=True, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    y, maps = model(jnp.ones((2, 8, 8, 3)), train=True), model.features(jnp.ones((2, 8, 8, 3)))
    assert y.dtype == jnp.float32
    assert maps[-1].dtype == jnp.bfloat16
    leaves = jax.tree.leaves(nnx.state(model, (nnx.Param, nnx.BatchStat)))
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float32")}


def test_refuses_an_unknown_depth():
    with pytest.raises(ValueError, match=r"^depth must be one of 10, 18, 34, 50, 101, got 20"):
        ResNet(depth=20, rngs=nnx.Rngs(0))
