"""Whether a workdir's run is the run of a config."""

import json
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from runfiles import FREE_FIELDS, flat, is_within
from training.config.folder import check_folder
from training.config.written import plain, read_config

#: Fields that may differ when a run is resumed.
RESUME_FIELDS = (*FREE_FIELDS, "eval_every")
#: Fields that make the network: a checkpoint cannot be evaluated with others.
NETWORK_FIELDS = ("task.name", "model", "data.name", "data.preprocess")


def check_workdir(workdir: str, config: ConfigDict) -> None:
    """Refuses a workdir that cannot be written or that holds another run. Writes nothing.

    Raises:
      OSError: the folder cannot be made or written.
      ValueError: it holds a run of another config; the message says what differs.
    """
    check_folder("--workdir", workdir)
    written = read_config(Path(workdir).absolute())
    if written is None:
        return
    differences = {
        name: text
        for name, text in compare(written, config).items()
        if not is_within(name, RESUME_FIELDS)
    }
    if differences:
        raise ValueError(
            f"--workdir={workdir} holds a run of another config: "
            f"{'; '.join(differences.values())}. "
            "Nothing was touched: take another --workdir, or the old values to resume."
        )


def compare(written: ConfigDict, config: ConfigDict) -> dict[str, str]:
    """Field -> what it is in a workdir's run and what here, of the fields that differ."""
    old, new = (flat(plain(one)) for one in (written, config))
    return {
        name: f"config.{name} is {_show(old, name)} there and {_show(new, name)} here"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def identity(config: ConfigDict) -> str:
    """Returns a text that is equal for configs of the same run."""
    fields = flat(plain(config))
    own = {name: value for name, value in fields.items() if not is_within(name, RESUME_FIELDS)}
    return json.dumps(own, sort_keys=True)


def _show(values: dict[str, Any], name: str) -> str:
    return json.dumps(values[name]) if name in values else "absent"
