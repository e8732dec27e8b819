"""The segmentation network: shapes, sites, what is shared between levels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from models.segmentation import Segmentation
from regularizers import list_sites
from regularizers.dropblock import DropBlock

SMALL = {"depth": 10, "width": 4, "features": 6, "num_classes": 5}


@pytest.fixture(scope="module")
def model():
    return Segmentation(**SMALL, rngs=nnx.Rngs(0))


def sites_of(shape, **fields):
    def forward(drop, x):
        return Segmentation(**fields, rngs=nnx.Rngs(0))(x, train=True, drop=drop)

    return list_sites(forward, jax.ShapeDtypeStruct(shape, jnp.float32))


@pytest.mark.parametrize("shape", [(65, 65), (48, 80), (33, 40)])
def test_logits_for_every_eighth_pixel(model, shape):
    logits = nnx.eval_shape(lambda m, x: m(x), model, jnp.zeros((2, *shape, 3)))
    assert logits.shape == (2, -(-shape[0] // 8), -(-shape[1] // 8), 5)
    assert logits.dtype == jnp.float32


def test_the_papers_network_at_513_pixels():
    """Levels of 65, 33 and 17 pixels, whose corners are aligned."""
    network = nnx.eval_shape(lambda: Segmentation(rngs=nnx.Rngs(0)))
    sites = sites_of((1, 513, 513, 3))
    branches = [site for site in sites if site.kind == "fcn"]
    assert [site.shape[1] for site in branches] == [65] * 3 + [33] * 3 + [17] * 3
    assert {site.group for site in branches} == {4}
    norms = [m for _, m in nnx.iter_modules(network) if isinstance(m, nnx.BatchNorm)]
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.997, 1e-4)}


def test_dropblock_is_on_the_branches_or_in_the_backbone():
    sites = sites_of((1, 64, 64, 3), **SMALL)
    branches, backbone = DropBlock(branches=True), DropBlock()
    assert {s.path.split("/")[0] for s in sites if branches.drops_at(s)} == {"branches"}
    assert {s.path.split("/")[0] for s in sites if backbone.drops_at(s)} == {"backbone"}


def test_levels_share_kernels_and_not_batch_norms(model):
    names = {
        ".".join(map(str, path[:-1])) for path, _ in nnx.to_flat_state(nnx.state(model.branches))
    }
    assert {"fcn1", "fcn1_norm0", "fcn1_norm1", "fcn1_norm2", "last"} <= names
    assert len([name for name in names if "norm" not in name]) == 4


def test_kernels_and_biases_start_as_in_the_papers_code():
    model = Segmentation(depth=10, width=8, features=64, rngs=nnx.Rngs(0))
    for conv in (model.branches.fcn1, model.branches.last, model.classes):
        assert float(jnp.std(conv.kernel[...])) == pytest.approx(0.01, rel=0.05)
        assert not np.asarray(conv.bias[...]).any()
    limit = np.sqrt(6 / (9 * 64 + 9 * 64))
    kernel = model.fpn.smooth0.kernel[...]
    assert float(jnp.abs(kernel).max()) == pytest.approx(limit, rel=0.01)
