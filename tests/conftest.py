"""Two CPU devices, strict rank promotion, and caches of this test session's own."""

import os
import tempfile

os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Nothing of the user's is read or written; the processes that tests start share it.
_cache = tempfile.TemporaryDirectory(prefix="dropblock-jax-tests-")
os.environ["XDG_CACHE_HOME"] = _cache.name
os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(_cache.name, "xla")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.2"

import jax  # noqa: E402
import pytest  # noqa: E402

jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture
def key() -> jax.Array:
    return jax.random.key(20181030)
