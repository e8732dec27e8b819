"""Which devices JAX looks for."""

import importlib.util
import os
import sys
from pathlib import Path

# Where a user says what JAX is to look for.
CHOICES = ("JAX_PLATFORMS", "JAX_FORCE_TPU_INIT")
LIBRARY_PATH = "TPU_LIBRARY_PATH"


def has_tpu() -> bool:
    """Whether this machine has TPUs and their library."""
    devices = [*Path("/dev").glob("accel[0-9]*"), *Path("/dev/vfio").glob("[0-9]*")]
    return bool(devices) and importlib.util.find_spec("libtpu") is not None


def ignore_absent_tpus() -> None:
    """Keeps JAX from looking for TPUs where there are none; call it before JAX is used.

    libtpu, which is installed to compile for TPUs anywhere (:mod:`training.pods`), complains on
    standard error when JAX starts it on a machine without TPUs. What a user has set stays.
    """
    if has_tpu() or any(name in os.environ for name in CHOICES):
        return
    try:
        import libtpu
    except ImportError:
        return
    # JAX has no public switch that leaves out TPUs alone: JAX_PLATFORMS names all platforms that
    # may be used, and each must then be there. So the library is hidden instead. Its import has
    # put its path into the environment, for this process and its children; a user's own path is
    # another one.
    if os.environ.get(LIBRARY_PATH) == libtpu.get_library_path():
        del os.environ[LIBRARY_PATH]
        sys.modules["libtpu"] = None  # type: ignore[assignment]
