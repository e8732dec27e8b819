"""Config files: ``FILE.py`` has ``get_config()``, or ``get_config(variant)`` and ``VARIANTS``."""

import importlib.util
import os
from types import ModuleType

from ml_collections import ConfigDict

from registry import one_of


def open_config(location: str) -> tuple[ModuleType, list[str]]:
    """Imports the module of ``FILE.py[:VARIANT]``; returns it, and the variant if there is one.

    Raises:
      ValueError, OSError: there is no such file or variant, or it is not a config.
    """
    path, _, variant = location.partition(":")
    if not os.path.isfile(path):
        raise FileNotFoundError(f"--config={location}: there is no file {path!r}.")
    spec = importlib.util.spec_from_file_location("config_file", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"--config={location}: {path!r} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "get_config", None)):
        raise ValueError(f"--config={location}: {path!r} has no function get_config.")
    if variant:
        one_of("config variant", variant, getattr(module, "VARIANTS", (variant,)))
    return module, [variant] if variant else []


def load_config(location: str) -> ConfigDict:
    """Loads the config of ``FILE.py[:VARIANT]`` as its file gives it; raises as open_config."""
    module, variant = open_config(location)
    return module.get_config(*variant)
