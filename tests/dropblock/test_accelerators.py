"""The way that masks are drawn on accelerators, run on a CPU; and what is compiled for them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from scipy import stats

from dropblock import _packed, _seeds, _seeds_by_decoding, block_mask, draw_mask, dropblock
from tests.dropblock import oracle

GAMMA = 0.08
X = jnp.ones((4, 6, 22, 4))


@pytest.fixture
def decoding(monkeypatch):
    """Lets the CPU draw as an accelerator does."""
    _packed.sample.clear_cache()
    monkeypatch.setattr(_seeds, "seed_words", _seeds_by_decoding.seed_words)
    yield
    _packed.sample.clear_cache()


def drop(key, x, gamma=GAMMA):
    return dropblock(key, x, gamma, 3, normalize="example")


@pytest.mark.usefixtures("decoding")
class TestGuarantees:
    """Those of ``test_guarantees.py`` that depend on how seeds are drawn."""

    @pytest.mark.parametrize("transformation", ["jit", "vmap", "remat", "scan", "key reuse"])
    def test_transformations(self, transformation, key):
        x = jax.random.normal(key, X.shape)
        plain = drop(key, x)
        if transformation == "jit":
            y = jax.jit(drop)(key, x)
        elif transformation == "vmap":
            y = jax.vmap(drop, (0, None))(jax.random.split(key, 2), x)[1]
            plain = drop(jax.random.split(key, 2)[1], x)
        elif transformation == "remat":
            y = jax.vjp(jax.checkpoint(lambda x: drop(key, x)), x)[0]
        elif transformation == "scan":
            y = jax.lax.scan(lambda c, key: (c, drop(key, x)), 0, key[None])[1][0]
        else:
            with jax.debug_key_reuse(True):
                y = jax.jit(drop)(key, x)
        assert ((y != 0) == (plain != 0)).all()
        np.testing.assert_allclose(y, plain, rtol=1e-6)

    @pytest.mark.parametrize("axis", range(4))
    @pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
    def test_same_mask_on_any_mesh(self, kind, axis, key):
        x = jax.random.normal(key, X.shape)
        one = np.asarray(jax.jit(drop)(key, x))
        spec = PartitionSpec(*["data" if a == axis else None for a in range(4)])
        mesh = jax.make_mesh((2,), ("data",), axis_types=(kind,))
        with jax.set_mesh(mesh):
            y = jax.jit(drop)(key, jax.device_put(x, NamedSharding(mesh, spec)))
        assert (np.asarray(y) == one).all()

    @pytest.mark.parametrize("varying", ["key", "gamma", "both", "neither"])
    @pytest.mark.parametrize("check_vma", [True, False])
    def test_shard_map(self, check_vma, varying, key):
        mesh, data = Mesh(np.array(jax.devices()[:2]), ("data",)), PartitionSpec("data")
        keys, rates = jax.random.split(key, 2), jnp.asarray([0.05, 0.3])

        def each(keys, rates, x):
            rng = keys[0] if varying in ("key", "both") else key
            return drop(rng, x, rates[0] if varying in ("gamma", "both") else jnp.float32(0.1))

        mapped = jax.jit(
            jax.shard_map(each, mesh=mesh, in_specs=data, out_specs=data, check_vma=check_vma)
        )(keys, rates, jnp.concatenate([X, X]))
        for device in range(2):
            own = slice(device, device + 1)
            alone = jax.jit(each)(keys[own], rates[own], X)
            np.testing.assert_allclose(mapped[4 * device : 4 * device + 4], alone, rtol=1e-6)

    def test_exported_with_a_symbolic_batch(self, key):
        (batch,) = jax.export.symbolic_shape("batch")
        x = jax.ShapeDtypeStruct((batch, *X.shape[1:]), X.dtype)
        exported = jax.export.export(jax.jit(drop))(jax.ShapeDtypeStruct((), key.dtype), x)
        assert (exported.call(key, X) == jax.jit(drop)(key, X)).all()

    @pytest.mark.parametrize("gamma", [0.0, 1e-45, 0.3, 1.0])
    def test_under_debug_nans_and_strict_promotion(self, gamma, key):
        with jax.debug_nans(True), jax.debug_infs(True), jax.numpy_dtype_promotion("strict"):
            y = drop(key, X, gamma)
        assert jnp.isfinite(y).all()
        assert gamma == 0.3 or (y == X * (gamma < 0.5)).all()

    def test_whole_blocks_fall_at_the_rate_of_gamma(self, key):
        shape = (500, 6, 9, 8)
        dropped = ~np.asarray(block_mask(key, shape, 0.03, 3))
        expected = oracle.drop_rate(shape[1:3], (3, 3), 0.03)
        deviation = np.sqrt(expected * (1 - expected) / 4000)
        assert (np.abs(dropped.mean(axis=(0, 3)) - expected) < 5 * deviation).all()
        for channel in range(8):
            assert oracle.is_union_of_blocks(dropped[0, ..., channel], (3, 3))

    def test_an_example_s_mask_does_not_depend_on_the_batch(self, key):
        few, many = (block_mask(key, (n, *X.shape[1:]), GAMMA, 3) for n in (2, 5))
        assert (few == many[:2]).all()


@pytest.mark.statistical
@pytest.mark.parametrize("gamma", [0.004, 0.05])
def test_a_cpu_draws_other_masks_of_the_same_law(gamma, key, request):
    """Of either, how many units of a channel are dropped, and how often each unit is."""
    shape = (400, 6, 22, 16)
    by_gaps = ~np.asarray(block_mask(key, shape, gamma, 3))
    request.getfixturevalue("decoding")
    decoded = ~np.asarray(block_mask(key, shape, gamma, 3))
    assert (by_gaps != decoded).any()
    in_channel = [np.bincount(mask.sum(axis=(1, 2)).ravel() // 9) for mask in (by_gaps, decoded)]
    bins = min(map(len, in_channel)) - 1
    table = [[*counts[:bins], counts[bins:].sum()] for counts in in_channel]
    often = np.sum(table, axis=0) > 0
    assert stats.chi2_contingency(np.array(table)[:, often]).pvalue > 1e-6
    share = oracle.drop_rate(shape[1:3], (3, 3), gamma)
    deviation = np.sqrt(2 * share * (1 - share) / (400 * 16))
    difference = by_gaps.mean(axis=(0, 3)) - decoded.mean(axis=(0, 3))
    assert (np.abs(difference) < 5 * deviation).all()


def test_one_export_for_all_platforms(key):
    x = jax.ShapeDtypeStruct(X.shape, X.dtype)
    platforms = ("cpu", "tpu", "cuda")
    export = jax.export.export(jax.jit(drop), platforms=platforms)
    exported = export(jax.ShapeDtypeStruct((), key.dtype), x)
    assert (exported.call(key, X) == jax.jit(drop)(key, X)).all()


@pytest.mark.parametrize("platform", ["tpu", "cuda", "cpu"])
def test_an_accelerator_s_program_has_neither_loops_nor_scatters(platform, key):
    def draw(keys):
        return jax.vmap(lambda key: draw_mask(key, X.shape, GAMMA, 3))(keys)

    traced = jax.jit(draw).trace(jax.random.split(key, 3))
    program = traced.lower(lowering_platforms=(platform,)).as_text()
    found = {word for word in ("while", "scatter") if f"stablehlo.{word}" in program}
    assert found == ({"while", "scatter"} if platform == "cpu" else set())
