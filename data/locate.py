"""Where prepared data sets lie, and how to prepare one that is missing."""

import inspect
import os
from pathlib import Path

import registry

#: The room of what can be prepared.
SOURCES = "data.prepare.sources"


def data_directory(data_dir: str | os.PathLike | None = None) -> Path:
    """`data_dir`, else `$TFDS_DATA_DIR`, else `~/tensorflow_datasets`: TFDS's own rule."""
    chosen = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(chosen).expanduser()


def cache_directory() -> Path:
    """Where the digits are written if it can be: in `~/.cache`, mostly."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "dropblock-jax/tfds"


def how_to_prepare(name: str, data_dir: Path) -> str:
    """The command that prepares the data set, and what it needs."""
    plain = name.partition(":")[0].partition("/")[0]
    functions = {source: registry.find(SOURCES, source) for source in registry.names(SOURCES)}
    if plain in functions:
        needs = (inspect.getdoc(functions[plain]) or "").partition("\n")[0].rstrip(".")
        return f"`python -m data.prepare {plain} --from=DIR --data_dir={data_dir}` ({needs})"
    own = [key for key, function in functions.items() if "name" in registry.parameters(function)]
    return (
        f"`python -m data.prepare KIND --name={plain} --from=DIR --data_dir={data_dir}`, "
        f"where KIND is one of {', '.join(own)},"
    )
