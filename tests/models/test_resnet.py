"""ResNets: the published sizes, and where they drop."""

import math

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from models.drop_sites import dropblock_sites

from models.resnet import ResNet


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


def logits(small, drop=None, train=True):
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
    assert (block(x, train=True, drop=None) == x).all()


class Spy:
    """A ``drop`` that changes one site (or none) and lists all it was asked at."""

    def __init__(self, change=None):
        self.change, self.calls = change, []

    def __call__(self, x, *, group, site):
        self.calls.append((group, site))
        return x * 0.5 if len(self.calls) - 1 == self.change else x


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


def test_groups_and_skip_choose_the_sites(small, key):
    for on_skip, sites in ((True, {"skip", "conv1", "conv2"}), (False, {"conv1", "conv2"})):
        regularizer = dropblock_sites(block_size=2, groups=(4,), on_skip=on_skip)
        drop = regularizer.at(key, 0.5)
        changed = set()

        def spy(x, *, group, site, drop=drop, changed=changed):
            y = drop(x, group=group, site=site)
            if y is not x:
                changed.add((group, site))
            return y

        logits(small, spy)
        assert changed == {(4, site) for site in sites}


def test_realised_share_is_reported_by_group(small, key):
    drop = dropblock_sites(block_size=2, groups=(3, 4)).at(key, 0.5)
    outputs = []

    def spy(x, *, group, site):
        y = drop(jnp.ones_like(x), group=group, site=site)
        if site not in ("branch", "head"):
            outputs.append((group, float((y == 0).sum()), y.size))
        return x

    logits(small, spy)
    for group, share in drop.dropped().items():
        zeros = sum(count for g, count, _ in outputs if g == group)
        assert float(share) == pytest.approx(
            zeros / sum(size for g, _, size in outputs if g == group), rel=1e-5
        )
    assert set(drop.dropped()) == {3, 4}


def test_leaving_a_site_out_does_not_move_the_others(key):
    """Masks belong to their site: the same with and without skips."""
    x = jnp.ones((2, 6, 6, 4))
    outputs = []
    for on_skip in (True, False):
        drop = dropblock_sites(block_size=3, groups=(4,), on_skip=on_skip).at(key, 0.8)
        drop(x, group=4, site="skip")
        outputs.append(drop(x, group=4, site="conv1"))
    assert (outputs[0] == outputs[1]).all()


def program(small, drop):
    graphdef, state = small

    def forward(state, x, key):
        active = None if drop is None else drop.at(key, 0.9)
        return nnx.merge(graphdef, state, copy=True)(x, train=True, drop=active)

    return str(jax.make_jaxpr(forward)(state, jnp.ones((2, 16, 16, 3)), jax.random.key(0)))


def test_no_regulariser_leaves_no_trace(small):
    assert "random" not in program(small, None)
    assert "random" in program(small, dropblock_sites())


def test_bfloat16_computes_low_and_keeps_parameters_and_statistics_high():
    model = ResNet(depth=18, width=4, small_images=True, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    y, maps = model(jnp.ones((2, 8, 8, 3)), train=True), model.features(jnp.ones((2, 8, 8, 3)))
    assert y.dtype == jnp.float32
    assert maps[-1].dtype == jnp.bfloat16
    leaves = jax.tree.leaves(nnx.state(model, (nnx.Param, nnx.BatchStat)))
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float32")}


def test_refuses_an_unknown_depth():
    with pytest.raises(ValueError, match=r"depth must be one of \[10, 18, 34, 50, 101\], got 20"):
        ResNet(depth=20, rngs=nnx.Rngs(0))
