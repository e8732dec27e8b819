"""Listing the drop sites of a network."""

import collections
import functools

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from models.resnet import ResNet
from regularizers import NO_DROP, list_sites
from regularizers.dropblock import DropBlock

BATCH = 2


@functools.cache
def resnet50_sites():
    graphdef, state = nnx.split(nnx.eval_shape(lambda: ResNet(rngs=nnx.Rngs(0))))
    images = jax.ShapeDtypeStruct((BATCH, 224, 224, 3), jnp.float32)

    def forward(drop, state, images):
        return nnx.merge(graphdef, state, copy=True)(images, train=True, drop=drop)

    return list_sites(forward, state, images)


def test_resnet50_has_a_site_after_each_convolution_on_each_skip_and_branch_and_at_the_head():
    sites = resnet50_sites()
    counts = collections.Counter((site.group, site.kind) for site in sites)
    blocks = {1: 3, 2: 4, 3: 6, 4: 3}
    assert counts == {
        (group, kind): each * number
        for group, number in blocks.items()
        for kind, each in (("skip", 1), ("conv", 3), ("branch", 1))
    } | {(4, "head"): 1}
    first = [site.path for site in sites[:5]]
    assert first == [f"group1_block1/{name}" for name in ("skip", "conv1", "conv2", "conv3")] + [
        "group1_block1/branch"
    ]
    assert sites[-1].path == "head"


def test_the_papers_sites_of_resnet50_are_four_in_each_block_of_groups_3_and_4():
    sites = [site for site in resnet50_sites() if DropBlock().drops_at(site)]
    assert len(sites) == 4 * (6 + 3)
    shapes = collections.Counter(site.shape for site in sites)
    # The first block's 3x3 convolution halves the map: the 1x1 before it is on the larger one.
    assert shapes == {
        (BATCH, 28, 28, 256): 1,
        (BATCH, 14, 14, 256): 11,
        (BATCH, 14, 14, 1024): 12,
        (BATCH, 14, 14, 512): 1,
        (BATCH, 7, 7, 512): 5,
        (BATCH, 7, 7, 2048): 6,
    }


def test_refuses_a_path_used_twice():
    def forward(drop):
        for _ in range(2):
            drop.at("block")(jnp.ones((1, 2, 2, 1)), group=3, site="conv1")

    with pytest.raises(ValueError, match=r"calls the drop site 'block/conv1' twice\."):
        list_sites(forward)


def test_parts_nest_and_nothing_is_dropped():
    def forward(drop, x):
        assert drop.at("a").at("b")(x, group=4, site="conv12") is x
        assert NO_DROP.at("a")(x, group=4, site="skip") is x

    (site,) = list_sites(forward, jnp.ones((1, 3, 2)))
    assert (site.path, site.kind, site.group, site.shape) == ("a/b/conv12", "conv", 4, (1, 3, 2))
