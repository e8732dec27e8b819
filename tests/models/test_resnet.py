"""ResNets: the published sizes, and where they drop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from models.resnet import ResidualBlock, ResNet
from regularizers import NO_DROP, Active, draw_masks, list_sites
from regularizers.dropblock import DropBlock
from training.dry_run.multiply_adds import multiply_adds


def parameters(**options) -> int:
    model = nnx.eval_shape(lambda: ResNet(**options, rngs=nnx.Rngs(0)))
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))


# Published counts: He et al. 2016 as implemented in torchvision and TensorFlow's models.
@pytest.mark.parametrize(
    ("depth", "count"), [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032), (101, 44_549_160)]
)
def test_parameter_count(depth, count):
    assert parameters(depth=depth) == count


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
    options = {"momentum": 0.9, "epsilon": 1e-5, "dtype": jnp.float32, "rngs": nnx.Rngs(0)}
    block = ResidualBlock(8, [(2, 1, 1), (2, 3, 1), (8, 1, 1)], 2, **options)
    assert (block.conv3.norm.scale[...] == 0).all()
    assert (block.conv2.norm.scale[...] == 1).all()
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 8)) ** 2
    assert (block(x, train=True, drop=NO_DROP) == x).all()


def sites_of(small):
    return list_sites(lambda drop, state: logits((small[0], state), drop), small[1])


def test_sites_of_basic_blocks(small):
    expected = [
        (f"group{group}_block{block}/{name}", group)
        for group in (1, 2, 3, 4)
        for block in (1, 2)
        for name in ("skip", "conv1", "conv2", "branch")
    ]
    assert [site[:2] for site in sites_of(small)] == [*expected, ("head", 4)]


class Spy:
    """A :class:`regularizers.Drop` that changes what the site with the number ``change`` gives."""

    def __init__(self, change):
        self.change, self.calls = change, 0

    def __call__(self, x, *, group, site):
        self.calls += 1
        return jnp.where(self.calls - 1 == self.change, x * 0.5, x)

    def at(self, part):
        return self


def test_every_site_matters(small):
    """No site is called for nothing: changing what it returns changes the logits."""
    evaluate = jax.jit(lambda change: logits(small, Spy(change), train=False))
    plain = evaluate(-1)
    for number, site in enumerate(sites_of(small)):
        assert not np.allclose(plain, evaluate(number)), site.path


class Recorder:
    """Drops as ``drop`` does and records the paths at which it changed something."""

    def __init__(self, drop, changed, prefix=""):
        self.drop, self.changed, self.prefix = drop, changed, prefix

    def __call__(self, x, *, group, site):
        y = self.drop(x, group=group, site=site)
        if y is not x:
            self.changed.append(self.prefix + site)
        return y

    def at(self, part):
        return Recorder(self.drop.at(part), self.changed, f"{self.prefix}{part}/")


@pytest.mark.parametrize(
    ("on_skip", "names"), [(True, ("skip", "conv1", "conv2")), (False, ("conv1", "conv2"))]
)
def test_each_mask_is_applied_at_its_own_site(small, on_skip, names):
    regularizer = DropBlock(block_size=2, groups=(4,), on_skip=on_skip)
    changed = []

    def forward(state, key):
        masks = draw_masks(key, sites_of(small), {"regularizer": Active(regularizer, 0.5)})
        return logits((small[0], state), Recorder(masks, changed))

    jax.eval_shape(forward, small[1], jax.random.key(0))
    assert changed == [f"group4_block{block}/{name}" for block in (1, 2) for name in names]


def program(small, active):
    def forward(state, key):
        return logits((small[0], state), draw_masks(key, sites_of(small), active))

    return str(jax.make_jaxpr(forward)(small[1], jax.random.key(0)))


def test_no_regulariser_leaves_no_trace(small):
    assert "random" not in program(small, {})
    assert "random" in program(small, {"regularizer": Active(DropBlock(), 0.9)})


def test_momentum_and_epsilon_reach_every_batch_norm():
    def build():
        return ResNet(depth=50, width=1, momentum=0.75, epsilon=0.25, rngs=nnx.Rngs(0))

    norms = [m for _, m in nnx.iter_modules(nnx.eval_shape(build)) if isinstance(m, nnx.BatchNorm)]
    assert len(norms) == 1 + 3 * 16 + 4
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.75, 0.25)}


def test_bfloat16_computes_low_and_keeps_parameters_and_statistics_high():
    def build(x):
        model = ResNet(depth=18, width=4, small_images=True, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
        maps, logits = model.features(x), model(x, train=True)
        return maps, logits, nnx.state(model, (nnx.Param, nnx.BatchStat))

    maps, logits, state = jax.eval_shape(build, jnp.ones((2, 8, 8, 3)))
    assert {m.dtype for m in maps} == {jnp.dtype("bfloat16")}
    assert {leaf.dtype for leaf in jax.tree.leaves((logits, state))} == {jnp.dtype("float32")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 20}, r"depth must be one of 10, 18, 34, 50, 101, got 20\."),
        ({"width": 0}, r"width must be at least 1, got 0\."),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1\.0\."),
        ({"epsilon": 0.0}, r"epsilon must be above 0, got 0\.0\."),
    ],
)
def test_refuses_bad_options(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        ResNet(**options, rngs=nnx.Rngs(0))


def test_frozen_parts_are_named_by_the_parameters_that_they_begin():
    model = nnx.eval_shape(lambda: ResNet(frozen=["stem", "group1"], width=1, rngs=nnx.Rngs(0)))
    assert model.frozen == ("stem", "group1")
    names = set(nnx.to_pure_dict(nnx.state(model, nnx.Param)))
    assert {name for name in names if name.startswith(model.frozen)} == {
        *("stem", "group1_block1", "group1_block2", "group1_block3")
    }
