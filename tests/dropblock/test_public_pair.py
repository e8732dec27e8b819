"""Draw a mask now, apply it later."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from dropblock import (
    apply_mask,
    block_mask,
    draw_dropout_mask,
    draw_mask,
    drop_path,
    dropblock,
    dropout,
    spatial_dropout,
)

GAMMA = 0.08
X = jax.random.normal(jax.random.key(1), (6, 7, 5, 4))


@pytest.mark.parametrize("normalize", ["batch", "example", None])
@pytest.mark.parametrize("shared_channels", [False, True])
def test_two_steps_are_dropblock(key, normalize, shared_channels):
    options = {"normalize": normalize, "shared_channels": shared_channels}
    mask = draw_mask(key, X.shape, GAMMA, 3, **options)
    assert (apply_mask(X, mask) == dropblock(key, X, GAMMA, 3, **options)).all()
    kept = block_mask(key, X.shape, GAMMA, 3, shared_channels=shared_channels)
    assert float(mask.dropped) == pytest.approx(1 - float(kept.mean()))
    assert mask.scale.dtype == mask.dropped.dtype == jnp.float32
    assert mask.scale.shape == ((6, 1, 1, 1) if normalize == "example" else ())


@pytest.mark.parametrize(
    ("function", "broadcast_dims"),
    [(dropout, ()), (spatial_dropout, (1, 2)), (drop_path, (1, 2, 3)), (drop_path, [-1, -2, -3])],
)
def test_two_steps_are_the_baselines(key, function, broadcast_dims):
    mask = draw_dropout_mask(key, X.shape, 0.7, broadcast_dims=broadcast_dims)
    y = apply_mask(X, mask)
    assert (y == function(key, X, 0.7)).all()
    assert float(mask.dropped) == pytest.approx(float((y == 0).mean()), abs=1e-6)
    assert float(mask.scale) == np.float32(1) / np.float32(0.7)


@pytest.mark.parametrize("length", [1, 5, 33, 70])
def test_dropouts_mask_is_its_uniform_numbers(key, length):
    """Packed and unpacked again: bit for bit what a comparison gives."""
    shape = (2, 3, length, 4)
    y = apply_mask(jnp.ones(shape), draw_dropout_mask(key, shape, 0.6))
    assert ((y != 0) == (jax.random.uniform(key, shape) < 0.6)).all()


def test_features_without_space(key):
    mask = draw_dropout_mask(key, (8, 20), 0.5)
    y = apply_mask(jnp.ones((8, 20)), mask)
    assert set(np.unique(y)) == {0, 2}
    assert float(mask.dropped) == pytest.approx(float((y == 0).mean()))


def test_masks_of_many_keys_are_drawn_together(key):
    keys = jax.random.split(key, 3)
    masks = jax.vmap(lambda key: draw_mask(key, X.shape, GAMMA, 3))(keys)
    for index in range(3):
        mask = jax.tree.map(lambda leaf, index=index: leaf[index], masks)
        assert (apply_mask(X, mask) == dropblock(keys[index], X, GAMMA, 3)).all()


@pytest.mark.parametrize("dropped_by", ["dropblock", "dropout"])
def test_a_mask_drawn_before_checkpoint_is_kept_as_bits(key, dropped_by):
    """Passed into a rematerialised part, it is not drawn again, and is one bit a unit."""
    x = jnp.ones((4, 14, 14, 64))

    def draw():
        if dropped_by == "dropblock":
            return draw_mask(key, x.shape, 0.006, 7)
        return draw_dropout_mask(key, x.shape, 0.9)

    def kept(x):
        return jax.vjp(jax.checkpoint(lambda x, mask: jnp.sin(apply_mask(x, mask))), x, draw())[1]

    size = jax.jit(kept).lower(x).compile().memory_analysis().output_size_in_bytes
    words = 4 * 14 * 64 * 2
    assert size - x.nbytes <= words + 200
    plain = jax.grad(lambda x: jnp.sin(apply_mask(x, draw())).sum())(x)
    inside = jax.checkpoint(lambda x, mask: jnp.sin(apply_mask(x, mask)))
    again = jax.grad(lambda x: inside(x, draw()).sum())
    assert (again(x) == plain).all()


def test_one_global_mask_applied_shard_by_shard(key):
    mask = draw_mask(key, X.shape, GAMMA, 3)
    mesh, data = Mesh(np.array(jax.devices()[:2]), ("data",)), PartitionSpec("data")
    specs = jax.tree.map(lambda leaf: data if leaf.ndim else PartitionSpec(), mask)
    y = jax.shard_map(apply_mask, mesh=mesh, in_specs=(data, specs), out_specs=data)(X, mask)
    assert (y == apply_mask(X, mask)).all()


def test_both_steps_are_named_in_the_program(key):
    def program(x):
        return apply_mask(x, draw_mask(key, x.shape, GAMMA, 3))

    text = jax.jit(program).lower(X).compile().as_text()
    assert "dropblock" in text
    for step in (lambda x: draw_mask(key, x.shape, GAMMA, 3).scale,
                 lambda x: apply_mask(x, draw_mask(key, X.shape, GAMMA, 3))):  # fmt: skip
        assert "dropblock/" in jax.jit(step).lower(X).as_text(debug_info=True)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda k: apply_mask(X, draw_mask(k, (6, 7, 6, 4), 0.1, 3)), ValueError, "not fit x"),
        (lambda k: apply_mask(X, draw_mask(k, (6, 7, 4), 0.1, 3)), ValueError, "not fit x"),
        (lambda k: apply_mask(X, jnp.ones(X.shape)), TypeError, "must be a dropblock.Mask"),
        (lambda k: draw_mask(k, (6, 7), 0.1, 3), ValueError, "got 2 axes"),
        (lambda k: draw_mask(k, 5, 0.1, 3), TypeError, "shape must be a sequence of ints"),
        (lambda k: draw_mask(k, (2, 4.0, 4), 0.1, 3), TypeError, "shape must be"),
        (lambda k: draw_mask(k, (2, -4, 4), 0.1, 3), ValueError, "shape must be at least 0"),
        (lambda k: draw_mask(k, (2, 4, 4), 0.1, 3, normalize="x"), ValueError, "normalize"),
        (lambda k: draw_mask(k, (1, 2**20, 2**10), 0.1, 3), ValueError, r"below 2\*\*30"),
        (lambda k: draw_dropout_mask(k, (2,), 0.5), ValueError, "got 1 axes"),
        (lambda k: draw_dropout_mask(k, (2, 3), 0.5, broadcast_dims=(2,)), ValueError, "2 axes"),
        (lambda k: draw_dropout_mask(k, (2, 3), 0.5, broadcast_dims=(-3,)), ValueError, "-2"),
        (lambda k: draw_dropout_mask(k, (2, 3), 0.5, broadcast_dims=1), TypeError, "sequence"),
    ],
)  # fmt: skip
def test_refuses(key, call, error, message):
    with pytest.raises(error, match=message):
        call(key)
