"""The config in a workdir's ``config.json``: written before a run starts, and read back."""

import json
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from runfiles import RunRecord, read_record, write_record
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


def write_config(workdir: Path, config: ConfigDict) -> None:
    """Writes the config of a run that is to start later; leaves one that is there already.

    Raises:
      OSError: it cannot be written.
    """
    if read_record(workdir) is None:
        write_record(workdir, RunRecord(plain(config)))


def plain(config: ConfigDict) -> dict[str, Any]:
    """Converts a config to nested dicts as JSON gives them back: tuples are lists."""
    return json.loads(config.to_json())


def _typed(tree: dict[str, Any]) -> dict[str, Any]:
    """JSON's values as a config's. What is None is left out: its default is None and has a type."""
    return {
        name: _typed(value) if isinstance(value, dict) else _value(value)
        for name, value in tree.items()
        if value is not None
    }


def _value(value: Any) -> Any:
    return tuple(_value(one) for one in value) if isinstance(value, list) else value
