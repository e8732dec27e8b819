"""Two CPU devices, a quick compiler, strict rank promotion, and caches of this session's own."""

import os
import tempfile
from importlib.metadata import version

# pytest's workers inherit all this; nothing of the user's is read or written, and the processes
# that tests start share it.
if "PYTEST_XDIST_WORKER" not in os.environ:
    # The tests compile more than they compute: LLVM's optimisations take more than they give, and
    # XLA's former way to write loops, which jaxlib has up to 0.10, takes half the time.
    former = tuple(map(int, version("jaxlib").split(".")[:2])) < (0, 11)
    os.environ["XLA_FLAGS"] = " ".join(
        (
            os.environ.get("XLA_FLAGS", ""),
            "--xla_force_host_platform_device_count=2",
            "--xla_backend_optimization_level=0",
            "--xla_cpu_use_fusion_emitters=false" * former,
        )
    )
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    _cache = tempfile.TemporaryDirectory(prefix="dropblock-jax-tests-")
    os.environ["XDG_CACHE_HOME"] = _cache.name
    os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(_cache.name, "xla")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.2"

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture
def key() -> jax.Array:
    return jax.random.key(20181030)
