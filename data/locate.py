"""Where prepared data sets lie, and how to prepare one that is missing."""

import os
from pathlib import Path

# For the documents and the error messages. Preparing needs TensorFlow; reading does not.
PREPARE_COMMAND = "python -m data.prepare {name} --data_dir={data_dir}"
PREPARE_NEEDS = "pip install tensorflow-cpu importlib_resources"
MANUAL_DOWNLOADS = {"imagenet2012": "ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar"}


def data_directory(data_dir: str | os.PathLike | None = None) -> Path:
    """`data_dir`, else `$TFDS_DATA_DIR`, else `~/tensorflow_datasets`: TFDS's own rule."""
    chosen = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(chosen).expanduser()


def cache_directory() -> Path:
    """Where the digits are written if it can be: in `~/.cache`, mostly."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "dropblock-jax/tfds"


def how_to_prepare(name: str, data_dir: Path) -> str:
    """The command that prepares the data set, and what it needs."""
    command = PREPARE_COMMAND.format(name=name, data_dir=data_dir)
    needs = f"after {PREPARE_NEEDS}"
    if archives := MANUAL_DOWNLOADS.get(name.partition(":")[0]):
        command += " --manual_dir=DIR"
        needs += f", with {archives} in DIR"
    return f"`{command}` ({needs})"
