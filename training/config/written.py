"""The config that a workdir's run was started with, read back from its ``config.json``."""

from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from runfiles import read_record
from training.config.complete import complete


def read_config(workdir: Path) -> ConfigDict | None:
    """Reads a workdir's config; None where there is no run.

    Fields that were added to this code since have their defaults.

    Raises:
      ValueError: it is not a config of this code; one line that names the field.
    """
    record = read_record(workdir)
    if record is None:
        return None
    try:
        return complete(ConfigDict(_typed(record.config)))
    except ValueError as error:
        raise ValueError(f"--workdir={workdir} was written by other code: {error}") from error


def _typed(tree: dict[str, Any]) -> dict[str, Any]:
    """JSON's values as a config's. What is None is left out: its default is None and has a type."""
    return {
        name: _typed(value) if isinstance(value, dict) else _value(value)
        for name, value in tree.items()
        if value is not None
    }


def _value(value: Any) -> Any:
    return tuple(_value(one) for one in value) if isinstance(value, list) else value
