"""The operation: values, gradients, dtypes, transformations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dropblock import block_mask, dropblock
from tests.dropblock import oracle

GAMMA = 0.08


@pytest.fixture
def x():
    return jax.random.normal(jax.random.key(1), (6, 7, 5, 4))


@pytest.mark.parametrize("shared_channels", [False, True])
@pytest.mark.parametrize("normalize", ["batch", "example", None])
def test_agrees_with_brute_force(x, key, normalize, shared_channels):
    y = dropblock(key, x, GAMMA, 3, normalize=normalize, shared_channels=shared_channels)
    mask = block_mask(key, x.shape, GAMMA, 3, shared_channels=shared_channels)
    assert not mask.all()
    np.testing.assert_allclose(y, oracle.apply(x, mask, normalize), rtol=2e-6)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
def test_same_mask_and_scale_in_every_dtype(x, key, dtype):
    """Cast last: the result is the float32 result, rounded once."""
    low = x.astype(dtype)
    y = dropblock(key, low, GAMMA, 3)
    assert y.dtype == dtype
    expected = dropblock(key, low.astype(jnp.float32), GAMMA, 3).astype(dtype)
    assert (y == expected).all()


def test_float16_counts_do_not_overflow(key):
    """Over 65,504 units: a sum in float16 would be infinite and the scale 0."""
    x = jnp.ones((4, 32, 32, 64), jnp.float16)
    y = dropblock(key, x, 0.01, 3)
    assert float(y.astype(jnp.float32).mean()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("normalize", ["batch", "example", None])
@pytest.mark.parametrize("batch", [2**13, 2**14, 2**15])  # 1.5, 3 and 6 times 2**30 units
def test_more_units_than_an_int_holds(key, batch, normalize):
    """Batches of a pod: traced, as nobody here has the memory for them."""
    x = jax.ShapeDtypeStruct((batch, 14, 14, 1024), jnp.bfloat16)
    y = jax.eval_shape(lambda x: dropblock(key, x, 0.01, 7, normalize=normalize), x)
    assert y.shape == x.shape


def test_batch_mean_of_ones_is_kept(key):
    y = dropblock(key, jnp.ones((16, 9, 8, 8)), 0.03, 4)
    assert np.asarray(y, np.float64).mean() == pytest.approx(1, abs=1e-6)
    y = dropblock(key, jnp.ones((16, 9, 8, 8)), 0.03, 4, normalize="example")
    np.testing.assert_allclose(y.mean(axis=(1, 2, 3)), 1, atol=1e-5)


def test_gamma_zero_is_the_identity(x, key):
    assert (dropblock(key, x, 0.0, 3) == x).all()


@pytest.mark.parametrize("normalize", ["batch", "example", None])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float16])
def test_everything_dropped_gives_zeros_and_finite_gradients(x, key, dtype, normalize):
    x = x.astype(dtype)
    y, grad = jax.value_and_grad(
        lambda x: dropblock(key, x, 1.0, 3, normalize=normalize).astype(jnp.float32).sum()
    )(x)
    assert y == 0
    assert (grad == 0).all()


def test_one_example_wholly_dropped(key):
    """normalize="example": its zeros do not spoil the others."""
    x = jnp.ones((64, 3, 4, 1))
    y, grad = jax.value_and_grad(lambda x: dropblock(key, x, 0.5, 9, normalize="example").sum())(x)
    assert jnp.isfinite(y)
    assert jnp.isfinite(grad).all()
    assert set(np.unique(grad)) == {0.0, 1.0}


def test_gradient_is_mask_times_scale(x, key):
    grad = jax.grad(lambda x: dropblock(key, x, GAMMA, 3).sum())(x)
    np.testing.assert_allclose(
        grad, oracle.apply(jnp.ones_like(x), block_mask(key, x.shape, GAMMA, 3), "batch"), rtol=2e-6
    )


def test_nan_in_a_dropped_unit_is_gone(x, key):
    mask = block_mask(key, x.shape, GAMMA, 3)
    y = dropblock(key, jnp.where(mask, x, jnp.nan), GAMMA, 3)
    assert jnp.isfinite(y).all()


def test_schedule_never_recompiles(x, key):
    traces = 0

    @jax.jit
    def apply(key, x, gamma):
        nonlocal traces
        traces += 1
        return dropblock(key, x, gamma, 3)

    for step in range(5):
        apply(jax.random.fold_in(key, step), x, jnp.float32(step / 50))
    assert traces == 1


def test_under_jit_vmap_scan_and_checkpoint(x, key):
    plain = dropblock(key, x, GAMMA, 3)
    assert (jax.jit(dropblock, static_argnums=3)(key, x, GAMMA, 3) == plain).all()
    keys = jax.random.split(key, 3)
    mapped = jax.vmap(lambda key: dropblock(key, x, GAMMA, 3))(keys)
    for index in range(3):
        np.testing.assert_allclose(mapped[index], dropblock(keys[index], x, GAMMA, 3), rtol=1e-6)
    _, scanned = jax.lax.scan(lambda c, key: (c, dropblock(key, x, GAMMA, 3)), 0, keys)
    np.testing.assert_allclose(scanned, mapped, rtol=1e-6)
    again = jax.grad(lambda x: jax.checkpoint(lambda x: dropblock(key, x, GAMMA, 3))(x).sum())(x)
    assert ((again != 0) == (plain != 0)).all()


def test_same_result_on_any_mesh(key):
    x = jax.random.normal(jax.random.key(2), (8, 6, 5, 4))
    apply = jax.jit(lambda key, x: dropblock(key, x, GAMMA, 3))
    one = np.asarray(apply(key, x))
    mesh = Mesh(np.array(jax.devices()[:2]), ("data",))
    for spec in (PartitionSpec("data"), PartitionSpec(None, "data"), PartitionSpec()):
        y = apply(key, jax.device_put(x, NamedSharding(mesh, spec)))
        # Integer counts: the scale is that of the global array, to the bit.
        assert (np.asarray(y) == one).all()


@pytest.mark.parametrize("mapper", ["pmap", "shard_map"])
def test_per_device_keys(mapper, key):
    """Each device has its key and its counts: every half has mean 1 by itself."""
    keys = jax.random.split(key, 2)
    x = jnp.ones((2, 8, 6, 5, 4))

    def apply(key, x):
        return dropblock(key, x, GAMMA, 3)

    if mapper == "pmap":
        y = jax.pmap(apply)(keys, x)
    else:
        mesh = Mesh(np.array(jax.devices()[:2]), ("data",))
        spec = PartitionSpec("data")
        y = jax.shard_map(
            lambda key, x: apply(key[0], x[0])[None], mesh=mesh, in_specs=spec, out_specs=spec
        )(keys, x)
    assert not (np.asarray(y[0]) == np.asarray(y[1])).all()
    np.testing.assert_allclose(y.mean(axis=(1, 2, 3, 4)), 1, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 9, 2), (3, 4, 6, 2), (3, 4, 3, 5, 2)])
def test_one_to_three_spatial_axes(shape, key):
    assert dropblock(key, jnp.ones(shape), 0.1, 2).shape == shape


def test_legacy_keys(x):
    assert dropblock(jax.random.PRNGKey(0), x, GAMMA, 3).shape == x.shape


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x": jnp.ones((4, 4))}, ValueError, r"got 2 axes: \(4, 4\)"),
        ({"x": jnp.ones((1, 2, 2, 2, 2, 1))}, ValueError, "got 6 axes"),
        ({"x": jnp.ones((2, 4, 4, 1), int)}, TypeError, "floating dtype, got int32"),
        ({"block_size": 0}, ValueError, "block_size must be at least 1, got 0"),
        ({"block_size": (2, -1)}, ValueError, "block_size must be at least 1"),
        ({"block_size": (2, 2, 2)}, ValueError, "each of the 2 spatial axes"),
        ({"block_size": 2.5}, TypeError, "block_size must be an int"),
        ({"gamma": -0.1}, ValueError, r"gamma must be in \[0, 1\], got -0.1"),
        ({"gamma": 1.5}, ValueError, r"gamma must be in \[0, 1\], got 1.5"),
        ({"gamma": float("nan")}, ValueError, "got nan"),
        ({"gamma": jnp.ones(3)}, ValueError, "gamma must be a scalar"),
        ({"gamma": "x"}, TypeError, "gamma must be a number"),
        ({"normalize": "channel"}, ValueError, "normalize must be"),
    ],
)
def test_refuses(change, error, message, key):
    arguments = {"x": jnp.ones((2, 4, 5, 3)), "gamma": 0.1, "block_size": 3} | change
    with pytest.raises(error, match=message):
        dropblock(key, **arguments)


def test_backward_keeps_bits(key):
    """By the compiled program: at most a byte a unit is kept, and nothing under remat."""
    x = jnp.ones((4, 14, 14, 64))

    def apply(x):
        return dropblock(key, x, 0.006, 7)

    def kept(function):
        """Bytes that jit(vjp) hands to the backward pass; beside them it returns y alone."""
        program = jax.jit(lambda x: jax.vjp(function, x)).lower(x).compile()
        return program.memory_analysis().output_size_in_bytes - x.nbytes

    rows_of_words = 4 * 14 * 64 * 2
    assert rows_of_words <= kept(apply) <= rows_of_words + 100 < x.size
    assert kept(jax.checkpoint(apply)) <= 100
