"""Tries the library as it is installed, with whatever JAX and Flax are there, and without pytest.

python tests/dropblock/installed.py: the versions, then the names of what works and what does not.
"""

import importlib
import importlib.util
import platform
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import export
from jax.sharding import Mesh, PartitionSpec

import dropblock

KEY = jax.random.key(0)
X = jnp.ones((4, 14, 14, 8))
GAMMA = dropblock.gamma(0.9, (14, 14), 7)


def drop(x, key=KEY, **options):
    return dropblock.dropblock(key, x, GAMMA, 7, **options)


def eager():
    y = drop(X)
    # The same key makes the same mask with every version.
    assert int((y == 0).sum()) == 669
    assert abs(float(y.mean()) - 1) < 1e-4


def jit():
    np.testing.assert_array_equal(jax.jit(drop)(X) == 0, drop(X) == 0)


def grad():
    assert jnp.isfinite(jax.jit(jax.grad(lambda x: drop(x).sum()))(X)).all()


def vmap():
    jax.vmap(lambda key: drop(X, key))(jax.random.split(KEY, 2))


def bfloat16():
    drop(X.astype(jnp.bfloat16), normalize="example")


def gammas_and_schedules():
    assert jax.jit(lambda p: dropblock.exact_gamma(p, (14, 14), 7))(0.9) > GAMMA
    assert abs(float(dropblock.linear_keep_prob(0.9, 10)(5)) - 0.95) < 1e-6


def baselines():
    for baseline in (dropblock.dropout, dropblock.spatial_dropout, dropblock.drop_path):
        baseline(KEY, X, 0.9)


def symbolic_export():
    (batch,) = export.symbolic_shape("batch")
    export.export(jax.jit(drop))(jax.ShapeDtypeStruct((batch, *X.shape[1:]), X.dtype))


def shard_map():
    mesh, each = Mesh(np.array(jax.devices()[:1]), ("data",)), PartitionSpec("data")
    mapped = jax.shard_map(
        lambda keys, x: drop(x, keys[0]), mesh=mesh, in_specs=(each, each), out_specs=each
    )
    jax.jit(mapped)(jax.random.split(KEY, 1), X)


def nnx_layer():
    from flax import nnx

    from dropblock.nnx import DropBlock

    class Network(nnx.Module):
        def __init__(self, rngs):
            self.conv = nnx.Conv(8, 4, (3, 3), rngs=rngs)
            self.drop = DropBlock(5, rngs=rngs)

        def __call__(self, x):
            return self.drop(nnx.relu(self.conv(x)), 0.9)

    network = Network(nnx.Rngs(0, dropblock=1))
    call = nnx.jit(lambda network, x: network(x))
    assert (call(network, X) != call(network, X)).any()
    nnx.grad(lambda network: network(X).sum())(network)
    network.eval()
    assert (network(X) == network(X)).all()


def linen_layer():
    from dropblock.linen import DropBlock

    layer = DropBlock(7)
    layer.apply({}, X, 0.9, deterministic=False, rngs={"dropblock": KEY})


CHECKS = [eager, jit, grad, vmap, bfloat16, gammas_and_schedules, baselines, symbolic_export,
          shard_map]  # fmt: skip


def main() -> int:
    has_flax = importlib.util.find_spec("flax") is not None
    packages = {"jax": jax, "optax": optax, "numpy": np, "dropblock-jax": dropblock}
    if has_flax:
        packages["flax"] = importlib.import_module("flax")
    versions = ", ".join(f"{name} {package.__version__}" for name, package in packages.items())
    print(f"Python {platform.python_version()}, {versions}")
    failed = 0
    for check in [*CHECKS, *([nnx_layer, linen_layer] if has_flax else [])]:
        try:
            check()
            print(f"  works: {check.__name__}")
        except Exception as error:
            failed += 1
            print(f"  FAILS: {check.__name__}: {type(error).__name__}: {str(error)[:100]}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
