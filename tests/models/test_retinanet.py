"""RetinaNet: its size, its levels, what the levels share, and how it starts."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from models.fpn import FPN
from models.layers.resize import double
from models.retinanet import RetinaNet
from regularizers import list_sites
from tasks.boxes import Targets, detection_losses, make_anchors

SMALL = {"depth": 10, "width": 4, "features": 6, "head_convs": 1, "num_classes": 5}


@pytest.fixture(scope="module")
def model():
    return RetinaNet(**SMALL, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(("classes", "count"), [(80, 33_862_964), (90, 34_070_414)])
def test_parameter_count(classes, count):
    """As published: 33.86 and 34.07 million."""
    network = nnx.eval_shape(lambda: RetinaNet(num_classes=classes, rngs=nnx.Rngs(0)))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param))) == count
    norms = [m for _, m in nnx.iter_modules(network) if isinstance(m, nnx.BatchNorm)]
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.997, 1e-4)}


@pytest.mark.parametrize("size", [(640, 640), (128, 256)])
def test_it_has_a_row_of_float32_for_every_anchor(size):
    def forward(x):
        return RetinaNet(**SMALL, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))(x)

    logits, codes = jax.eval_shape(forward, jax.ShapeDtypeStruct((2, *size, 3), jnp.float32))
    anchors = len(make_anchors(size))
    assert (logits.shape, codes.shape) == ((2, anchors, 5), (2, anchors, 4))
    assert logits.dtype == codes.dtype == jnp.float32


@pytest.fixture(scope="module")
def results(model):
    """The class head's maps, logits and codes of images that are not square.

    With batch statistics, for maps that are not alike everywhere.
    """

    @jax.jit
    def run(parts):
        model = nnx.merge(graph, parts)
        x = jax.random.normal(jax.random.key(1), (2, 128, 256, 3))
        levels = model.fpn(model.backbone.features(x, train=True)[1:], train=True)
        return model.class_head(levels, train=True), *model(x, train=True)

    graph, parts = nnx.split(model)
    return run(parts)


def test_rows_are_in_the_order_of_the_anchors(results):
    """Level, row, column, anchor of the cell."""
    levels, logits, codes = results
    start = 0
    for maps, stride in zip(levels, (8, 16, 32, 64, 128), strict=True):
        height, width = 128 // stride, 256 // stride
        assert maps.shape == (2, height, width, 45)
        row, column, anchor = height - 1, width // 2, 4
        place = start + (row * width + column) * 9 + anchor
        np.testing.assert_allclose(
            logits[1, place], maps[1, row, column, 20:25], rtol=1e-3, atol=1e-5
        )
        start += height * width * 9
    assert codes.shape[1] == start


def test_sites_are_those_of_the_backbone():
    def forward(drop, x):
        return RetinaNet(**SMALL, rngs=nnx.Rngs(0))(x, train=True, drop=drop)

    sites = list_sites(forward, jax.ShapeDtypeStruct((1, 128, 128, 3), jnp.float32))
    assert {site.path.split("/")[0] for site in sites} == {"backbone"}


def test_levels_share_kernels_and_not_batch_norms(model):
    state = nnx.to_flat_state(nnx.state(model.class_head, nnx.Param))
    names = {".".join(map(str, path)) for path, _ in state}
    norms = {f"fcn1_norm{level}.{part}" for level in range(5) for part in ("scale", "bias")}
    convs = {f"{conv}.{part}" for conv in ("fcn1", "last") for part in ("kernel", "bias")}
    assert names == norms | convs


def test_what_may_be_new_is_all_but_the_backbone(model):
    parts = {path[0] for path, _ in nnx.to_flat_state(nnx.state(model))}
    assert parts == {"backbone", *RetinaNet.NEW_PARTS}


def test_kernels_and_biases_start_as_in_the_papers_code():
    model = RetinaNet(depth=10, width=4, features=64, head_convs=2, rngs=nnx.Rngs(0))
    for conv in (model.class_head.fcn2, model.class_head.last, model.box_head.last):
        assert float(jnp.std(conv.kernel[...])) == pytest.approx(0.01, rel=0.05)
    np.testing.assert_allclose(model.class_head.last.bias[...], -math.log(99), rtol=1e-6)
    assert not np.asarray(model.box_head.last.bias[...]).any()


def test_class_loss_at_the_start(results):
    """52 by the positive anchors of an image of 640 pixels with 90 classes, and in proportion."""
    _, logits, codes = results
    nothing = jnp.zeros(logits.shape[:2], bool)
    targets = Targets(nothing.astype(jnp.int32), jnp.zeros_like(codes), nothing, ~nothing)
    losses = jax.jit(detection_losses)(logits, codes, targets)
    share = logits.size / (76_725 * 90)
    assert float(losses.classes.sum()) == pytest.approx(52 * share, rel=0.03)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("features", 0, "features must be at least 1, got 0."),
        ("head_convs", -1, "head_convs must be at least 0, got -1."),
        ("depth", 7, "depth must be one of"),
    ],
)
def test_what_cannot_be_is_refused(field, value, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        RetinaNet(**SMALL | {field: value}, rngs=nnx.Rngs(0))


def test_levels_6_and_7_are_made_of_level_5_before_its_batch_norm():
    options = {"momentum": 0.9, "epsilon": 1e-5, "dtype": jnp.float32, "rngs": nnx.Rngs(0)}
    pyramid = FPN((3, 4, 5), 2, upsample=double, smaller=2, **options)
    for level in range(5):  # so that it matters on which side of it a map is taken
        getattr(pyramid, f"norm{level}").mean[...] = jnp.full(2, 0.3)
    rng = np.random.default_rng(0)
    shapes = [(1, 16, 24, 3), (1, 8, 12, 4), (1, 4, 6, 5)]
    maps = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    graph, parts = nnx.split(pyramid)

    @jax.jit
    def run(parts, maps):
        """The levels, and those from 4 on by themselves, without batch norm."""
        pyramid = nnx.merge(graph, parts)
        top = pyramid.lateral2(maps[2])
        fourth = pyramid.lateral1(maps[1]) + jnp.repeat(jnp.repeat(top, 2, axis=1), 2, axis=2)
        fifth = pyramid.smooth2(top)
        sixth = pyramid.shrink3(fifth)
        seventh = pyramid.shrink4(nnx.relu(sixth))
        return pyramid(maps, train=False), (pyramid.smooth1(fourth), fifth, sixth, seventh)

    levels, plain = run(parts, maps)
    assert [level.shape[1:3] for level in levels] == [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]
    for level, one in zip(levels[1:], plain, strict=True):
        np.testing.assert_allclose(level, (one - 0.3) / np.sqrt(1 + 1e-5), rtol=1e-4, atol=1e-5)
    assert levels[3].min() < 0  # no ReLU at the end
