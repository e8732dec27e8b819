"""What holds for every public function: empty axes, dtypes, transformations, what is refused."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from dropblock import (
    apply_mask,
    block_mask,
    constant_keep_prob,
    draw_dropout_mask,
    draw_mask,
    drop_path,
    dropblock,
    dropout,
    exact_gamma,
    gamma,
    group_keep_prob,
    linear_keep_prob,
    spatial_dropout,
)
from dropblock.linen import DropBlock as LinenDropBlock
from dropblock.nnx import DropBlock as NnxDropBlock

GAMMA = 0.08
X = jnp.ones((2, 8, 7, 4))


def linen(key, x, keep_prob=0.7):
    return LinenDropBlock(3, deterministic=False).apply(
        {}, x, keep_prob, rngs={"dropblock": key}
    )  # fmt: skip


#: (key, x) -> x
OPERATIONS = {
    "dropblock": lambda key, x: dropblock(key, x, GAMMA, 3),
    "example": lambda key, x: dropblock(key, x, GAMMA, 3, normalize="example"),
    "unscaled": lambda key, x: dropblock(key, x, GAMMA, 3, normalize=None),
    "shared": lambda key, x: dropblock(key, x, GAMMA, 3, shared_channels=True),
    "dropout": lambda key, x: dropout(key, x, 0.7),
    "spatial_dropout": lambda key, x: spatial_dropout(key, x, 0.7),
    "drop_path": lambda key, x: drop_path(key, x, 0.7),
    "nnx": lambda key, x: NnxDropBlock(3)(x, 0.7, rngs=key),
    "linen": linen,
    "mask": lambda key, x: apply_mask(x, draw_mask(key, x.shape, GAMMA, 3)),
}
#: (probability, which is a keep_prob or a gamma) -> anything
OF_A_PROBABILITY = {
    "dropblock": lambda p: dropblock(jax.random.key(0), X, p, 3),
    "block_mask": lambda p: block_mask(jax.random.key(0), X.shape, p, 3),
    "draw_mask": lambda p: draw_mask(jax.random.key(0), X.shape, p, 3).scale,
    "draw_dropout_mask": lambda p: draw_dropout_mask(jax.random.key(0), X.shape, p).scale,
    "dropout": lambda p: dropout(jax.random.key(0), X, p),
    "gamma": lambda p: gamma(p, (8, 7), 3),
    "exact_gamma": lambda p: exact_gamma(p, (8, 7), 3),
    "group_keep_prob": lambda p: group_keep_prob(p, 1),
    "linear_keep_prob": lambda p: linear_keep_prob(p, 10)(5),
    "constant_keep_prob": lambda p: constant_keep_prob(p)(5),
    "nnx": lambda p: NnxDropBlock(3)(X, p, rngs=jax.random.key(0)),
}
operations = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
probabilities = pytest.mark.parametrize("function", OF_A_PROBABILITY.values(), ids=OF_A_PROBABILITY)


EMPTY = [(0, 8, 4), (2, 0, 4), (2, 8, 0), (0, 8, 7, 4), (2, 0, 7, 4), (2, 8, 0, 4), (2, 8, 7, 0),
         (0, 0, 0, 0, 0)]  # fmt: skip


@operations
@pytest.mark.parametrize("shape", EMPTY, ids=str)
def test_any_axis_may_be_empty(operation, shape, key):
    x = jnp.zeros(shape)
    with jax.debug_nans(True):
        y, back = jax.jit(lambda x: jax.vjp(lambda x: operation(key, x), x))(x)
        assert y.shape == back(y)[0].shape == shape


def test_empty_masks_and_maps(key):
    with jax.debug_nans(True):
        for shape in [(0, 8, 7, 4), (2, 0, 7, 4), (2, 8, 0, 4), (2, 8, 7, 0)]:
            assert block_mask(key, shape, GAMMA, 3).shape == shape
            for normalize in ("batch", "example", None):
                mask = draw_mask(key, shape, GAMMA, 3, normalize=normalize)
                assert (mask.scale == 1).all()
                assert mask.dropped == 0
        for feat_size in ((8, 0), (0, 8), 0):
            assert gamma(0.9, feat_size, 3) == exact_gamma(0.9, feat_size, 3) == 0


DTYPES = ["bfloat16", "float16", "float32", "float8_e4m3fn", "float8_e5m2", "float8_e4m3",
          "float8_e3m4", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e4m3b11fnuz"]  # fmt: skip


@jax.jit
def all_operations(key, x):
    return [operation(key, x) for operation in OPERATIONS.values()]


@pytest.mark.parametrize(
    ("promotion", "dtype"), [*(("strict", dtype) for dtype in DTYPES), ("standard", "float8_e5m2")]
)
def test_every_floating_dtype_under_any_promotion(promotion, dtype, key):
    """The same units as in float32, whatever the dtype."""
    x = X.astype(dtype)
    with jax.numpy_dtype_promotion(promotion):
        for y, expected in zip(all_operations(key, x), all_operations(key, X), strict=True):
            assert y.dtype == x.dtype
            assert ((np.asarray(y).astype(np.float32) != 0) == (np.asarray(expected) != 0)).all()
        grad = jax.grad(lambda x: dropblock(key, x, GAMMA, 3).astype(jnp.float32).sum())(x)
        assert grad.dtype == x.dtype


def test_a_dtype_without_zero_is_refused(key):
    with pytest.raises(TypeError, match="can hold zero, got float8_e8m0fnu"):
        dropblock(key, X.astype(jnp.float8_e8m0fnu), GAMMA, 3)


def test_float64(key):
    expected = all_operations(key, X)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        got = all_operations(key, X.astype(jnp.float64))
    for y, narrow in zip(got, expected, strict=True):
        assert y.dtype == np.float64
        assert ((np.asarray(y) != 0) == (np.asarray(narrow) != 0)).all()


@probabilities
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn"])
def test_a_narrow_probability_is_computed_with_in_float32(function, dtype):
    p = jnp.asarray(0.9, dtype)
    with jax.numpy_dtype_promotion("strict"):
        narrow, wide = function(p), function(p.astype(jnp.float32))
        assert jnp.dtype(narrow.dtype) in (jnp.float32, bool)
        np.testing.assert_array_equal(narrow, wide)
        np.testing.assert_allclose(jax.jit(function)(p), wide, rtol=1e-6)


def test_the_first_group_is_not_off_in_bfloat16():
    assert float(group_keep_prob(jnp.bfloat16(0.9), 1)) == pytest.approx(0.99841, abs=1e-5)
    assert group_keep_prob(np.float16(0.9), 1) == pytest.approx(0.99844, abs=1e-5)


@probabilities
@pytest.mark.parametrize(
    "good", [1, np.float64(0.5), np.array(0.5), jnp.float32(0.5), np.int64(1), jnp.int32(1),
             nnx.Variable(jnp.float32(0.5))], ids=lambda value: type(value).__name__
)  # fmt: skip
def test_any_real_number_is_a_probability(function, good):
    function(good)


@probabilities
@pytest.mark.parametrize(
    ("bad", "error"),
    [("0.9", TypeError), (None, TypeError), (True, TypeError), (0.9 + 0j, TypeError),
     (np.bool_(True), TypeError), (jnp.ones(2, bool), TypeError), (jnp.complex64(1), TypeError),
     (jax.random.key(0), TypeError), ([0.9], TypeError), ({}, TypeError),
     (np.ones(1), ValueError), (jnp.ones(1), ValueError), (float("nan"), ValueError),
     (1.1, ValueError), (np.float32(-0.1), ValueError), (jnp.float32(1.1), ValueError)],
    ids=str,
)  # fmt: skip
def test_what_is_no_probability(function, bad, error):
    with pytest.raises(error, match=r"^(gamma|keep_prob) must be [^\n]*\."):
        function(bad)
    if isinstance(bad, jax.Array) and (bad.shape != () or error is TypeError):
        with pytest.raises(error, match=r"^(gamma|keep_prob) must be [^\n]*\."):
            jax.jit(function)(bad)


NO_KEYS = [0, jnp.int32(3), jnp.ones(2), np.zeros(2, int), "key", jnp.zeros(3, jnp.uint32),
           jnp.zeros((3, 2), jnp.uint32), jax.random.split(jax.random.key(0), 2)]  # fmt: skip


@operations
@pytest.mark.parametrize("bad", NO_KEYS, ids=str)
def test_what_is_no_key(operation, bad):
    if operation is linen:
        pytest.skip("make_rng refuses it before the library sees it")
    with pytest.raises(TypeError, match=r"^rng must be (a|one) jax.random.key, got [^\n]*\.$"):
        operation(bad, X)


def test_none_is_no_key():
    for function in (
        lambda: dropblock(None, X, GAMMA, 3),
        lambda: dropout(None, X, 0.9),
        lambda: block_mask(None, X.shape, GAMMA, 3),
        lambda: draw_dropout_mask(None, X.shape, 0.9),
    ):
        with pytest.raises(TypeError, match=r"rng must be a jax.random.key, got None"):
            function()


@operations
def test_old_style_keys(operation):
    if operation is linen:
        pytest.skip("Flax makes its own keys")
    raw = jax.random.PRNGKey(3)
    assert (operation(raw, X) == operation(jax.random.key(3), X)).all()
    assert (operation(np.asarray(raw), X) == operation(jax.random.key(3), X)).all()


NO_MAPS = [None, "x", jnp.ones((2, 4, 4), int), *(np.ones((2, 4, 4), t) for t in (bool, "O", "D"))]


@pytest.mark.parametrize("bad", NO_MAPS, ids=lambda bad: str(getattr(bad, "dtype", bad)))
@operations
def test_what_is_no_feature_map(operation, bad, key):
    if bad is None or isinstance(bad, str):
        operation = OPERATIONS["dropblock"]
    with pytest.raises(TypeError, match=r"^x must [^\n]*\."):
        operation(key, bad)


@pytest.mark.parametrize("name", ["key", "gamma", "both", "neither"])
@pytest.mark.parametrize("check_vma", [True, False])
def test_shard_map_with_what_differs_by_device(name, check_vma, key):
    """Keys and probabilities that differ by device, or are shared."""
    mesh, data = Mesh(np.array(jax.devices()[:2]), ("data",)), PartitionSpec("data")
    keys, rates = jax.random.split(key, 2), jnp.asarray([0.05, 0.3])

    def each(keys, rates, x):
        rng = keys[0] if name in ("key", "both") else key
        rate = rates[0] if name in ("gamma", "both") else jnp.float32(0.1)
        x = dropblock(rng, x, rate, 3, normalize="example") + dropout(rng, x, 1 - rate)
        x += apply_mask(x, draw_mask(rng, x.shape, rate, 3))
        return x * (1 + exact_gamma(1 - rate, (8, 7), 3) + gamma(1 - rate, (8, 7), 3))

    mapped = jax.jit(
        jax.shard_map(each, mesh=mesh, in_specs=data, out_specs=data, check_vma=check_vma)
    )(keys, rates, jnp.ones((4, *X.shape[1:])))
    for device in range(2):
        alone = jax.jit(each)(keys[device : device + 1], rates[device : device + 1], X)
        np.testing.assert_allclose(mapped[2 * device : 2 * device + 2], alone, rtol=1e-5)


@operations
@pytest.mark.parametrize("axis", [0, 3])
def test_same_result_on_a_mesh_of_explicit_axes(operation, axis, key):
    x = jax.random.normal(key, (4, 6, 5, 4))
    one = np.asarray(jax.jit(operation)(key, x))
    mesh = jax.make_mesh((2,), ("data",), axis_types=(AxisType.Explicit,))
    spec = PartitionSpec(*["data" if a == axis else None for a in range(4)])
    with jax.set_mesh(mesh):
        y = jax.jit(operation)(key, jax.device_put(x, NamedSharding(mesh, spec)))
    assert (np.asarray(y) == one).all()


@pytest.mark.parametrize("name", ["dropblock", "example", "shared", "dropout", "drop_path", "nnx"])
def test_exported_with_a_symbolic_batch(name, key):
    """The same mask, scale and gradient as without; for accelerators too."""
    operation = OPERATIONS[name]
    (batch,) = jax.export.symbolic_shape("batch")
    arguments = (
        jax.ShapeDtypeStruct((), key.dtype),
        jax.ShapeDtypeStruct((batch, 6, 35, 4), jnp.float32),
    )
    exported = jax.export.export(jax.jit(operation), platforms=["cpu", "tpu", "cuda"])(*arguments)
    # Serialising needs a package of its own.
    with contextlib.suppress(ImportError):
        exported = jax.export.deserialize(exported.serialize(vjp_order=1))
    for size in (1, 5):
        x = jax.random.normal(key, (size, 6, 35, 4))
        assert (np.asarray(exported.call(key, x)) == np.asarray(jax.jit(operation)(key, x))).all()
    grad = jax.grad(lambda x: exported.call(key, x).sum())(x)
    assert (grad == jax.grad(lambda x: operation(key, x).sum())(x)).all()


def test_masks_exported_with_a_symbolic_batch(key):
    (batch,) = jax.export.symbolic_shape("batch")

    def keep(key, x):
        return block_mask(key, x.shape, GAMMA, 3), draw_mask(key, x.shape, GAMMA, 3).dropped

    x = jax.ShapeDtypeStruct((batch, 8, 7, 4), jnp.float32)
    exported = jax.export.export(jax.jit(keep))(jax.ShapeDtypeStruct((), key.dtype), x)
    for got, expected in zip(exported.call(key, X), jax.jit(keep)(key, X), strict=True):
        assert (got == expected).all()


def test_a_symbolic_map_is_refused(key):
    (length,) = jax.export.symbolic_shape("length")
    for function in (dropblock, lambda key, x, gamma, _: dropout(key, x, gamma)):
        with pytest.raises(ValueError, match="Only the first axis, the batch, may be symbolic"):
            jax.export.export(jax.jit(lambda x, f=function: f(key, x, GAMMA, 3)))(
                jax.ShapeDtypeStruct((2, length, 4), jnp.float32)
            )


@pytest.mark.parametrize("normalize", ["batch", "example", None])
def test_more_units_than_an_int_holds_in_one_example(normalize, key):
    x = jax.ShapeDtypeStruct((1, 2**12, 2**12, 2**12, 1), jnp.bfloat16)
    for function in (
        lambda x: dropblock(key, x, GAMMA, 7, normalize=normalize),
        lambda x: dropout(key, x, 0.9),
    ):
        assert jax.eval_shape(function, x).shape == x.shape


@pytest.mark.parametrize("channels", [2**10, 2**10 - 1])
def test_rows_up_to_the_sampler_s_limit(channels, key):
    x = jax.ShapeDtypeStruct((1, 2, 2**20, channels), jnp.bfloat16)
    expected = pytest.raises(ValueError, match=r"must be below 2\*\*30, got 1048576 \* 1024")
    with expected if channels == 2**10 else contextlib.nullcontext():
        assert jax.eval_shape(lambda x: dropblock(key, x, GAMMA, 7), x).shape == x.shape


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("probability", [0.0, 1e-45, 1.0])
def test_certain_probabilities_under_debug_nans_and_infs(probability, dtype, key):
    x = (300 * X).astype(dtype)
    with jax.debug_nans(True), jax.debug_infs(True):
        for normalize in ("batch", "example", None):
            grad = jax.grad(
                lambda x, n=normalize: (
                    dropblock(key, x, 1 - probability, 3, normalize=n).astype(jnp.float32).sum()
                )
            )(x)
            assert jnp.isfinite(grad).all()
        for function in (dropout, spatial_dropout, drop_path):
            assert jnp.isfinite(function(key, x, probability)).all()


@pytest.mark.parametrize("jitted", [False, True])
@pytest.mark.parametrize("keep_prob", [0.0, 1e-45, 1e-30, 1e-7, 0.5, 1 - 1e-7, 1.0])
@pytest.mark.parametrize(("spatial", "block"), [((64, 48), 7), ((7, 7), 7)])
def test_exact_gamma_and_its_gradient_are_finite(spatial, block, keep_prob, jitted):
    def function(keep_prob):
        return exact_gamma(keep_prob, spatial, block)

    both = jax.value_and_grad(function)
    with jax.debug_nans(True), jax.debug_infs(True):
        value, grad = (jax.jit(both) if jitted else both)(keep_prob)
    assert 0 <= value <= 1
    assert jnp.isfinite(grad)
    if keep_prob in (0, 1):
        assert value == 1 - keep_prob


def test_gradient_of_exact_gamma_is_its_slope():
    slope = (exact_gamma(0.81, (14, 14), 7) - exact_gamma(0.79, (14, 14), 7)) / 0.02
    assert float(jax.grad(lambda p: exact_gamma(p, (14, 14), 7))(0.8)) == pytest.approx(
        float(slope), rel=1e-3
    )


@pytest.mark.parametrize("name", ["vmap", "remat", "scan", "key reuse"])
@operations
def test_transformations(operation, name, key):
    x = jax.random.normal(key, X.shape)
    plain = operation(key, x)
    if name == "vmap":
        y = jax.vmap(operation, (0, None))(key[None], x)[0]
    elif name == "remat":
        y = jax.vjp(jax.checkpoint(lambda x: operation(key, x)), x)[0]
    elif name == "scan":
        y = jax.lax.scan(lambda c, key: (c, operation(key, x)), 0, key[None])[1][0]
    else:
        with jax.debug_key_reuse(True):
            y = jax.jit(operation)(key, x)
    np.testing.assert_allclose(y, plain, rtol=1e-6)
