"""The files of a run: config.json, metrics.jsonl and TensorBoard events.

Process 0 writes; every process may read.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

# Fields that change how a run is carried out but not what it computes: they may differ when
# a run is taken up again.
FREE_FIELDS = (
    "mesh",
    "eval_every",
    "checkpoint_every",
    "log_every",
    "data.data_dir",
    "data.threads",
    "data.prefetch",
)
# Fields that make the network: these must agree to evaluate a run's checkpoint.
NETWORK_FIELDS = ("task", "model", "data.name")
PACKAGES = (
    *("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain"),
    *("tensorflow-datasets", "ml_collections", "numpy"),
)


def check_workdir(workdir: str, config: ConfigDict) -> None:
    """Refuses a workdir that cannot be written or that holds another run. Writes nothing.

    Raises:
      OSError: the folder cannot be made or written.
      ValueError: it holds a run of another config; the message says what differs.
    """
    folder = Path(workdir).absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(f"--workdir={workdir}: {nearest} is a file, not a folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"--workdir={workdir}: cannot write into {nearest}.")
    differences = {
        name: text
        for name, text in _differences(folder, config).items()
        if not _is_within(name, FREE_FIELDS)
    }
    if differences:
        raise ValueError(
            f"--workdir={workdir} holds a run of another config: "
            f"{'; '.join(differences.values())}. "
            "Nothing was touched: take another --workdir, or the old values to go on."
        )


def check_same_network(workdir: str, config: ConfigDict) -> None:
    """Refuses a workdir without a run, or whose run trained another network.

    Raises:
      FileNotFoundError: no run.
      ValueError: another network; the message says what differs.
    """
    folder = Path(workdir).absolute()
    if read_config(folder) is None:
        raise FileNotFoundError(f"--workdir={workdir} holds no run: train.py makes one.")
    differences = [
        text
        for name, text in _differences(folder, config).items()
        if _is_within(name, NETWORK_FIELDS)
    ]
    if differences:
        raise ValueError(
            f"--workdir={workdir} holds a run of another network: {'; '.join(differences)}."
        )


def read_config(workdir: Path) -> dict[str, Any] | None:
    """The config that a run was started with; None where there is no run."""
    record = read_record(workdir)
    return record and record["config"]


def read_record(workdir: Path) -> dict[str, Any] | None:
    """All of config.json; None where there is no run."""
    try:
        return json.loads((workdir / "config.json").read_text())
    except FileNotFoundError:
        return None


def is_complete(workdir: Path) -> bool:
    """Whether the run has nothing left to do: its last state is evaluated and saved."""
    record = read_record(workdir)
    if record is None or not (workdir / "checkpoints" / str(record["steps"])).exists():
        return False
    return record["steps"] in evaluations(workdir, record["best_metric"])


def write_config(workdir: Path, config: ConfigDict, *, steps: int, best_metric: str) -> None:
    """Writes config.json once, with the versions of the code and of the packages.

    ``steps``: of the whole run. ``best_metric``: the evaluation metric that the best step has the
    largest value of.
    """
    path = workdir / "config.json"
    if path.exists():
        return
    record = {
        "config": _plain(config),
        "steps": steps,
        "best_metric": best_metric,
        "code": {"commit": _commit()},
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "python": platform.python_version(),
    }
    replace(path, json.dumps(record, indent=2) + "\n")


class MetricsFile:
    """metrics.jsonl, one object a line, and the same values as TensorBoard events.

    Raises (everywhere):
      OSError: a file cannot be written.
    """

    def __init__(self, workdir: Path, step: int):
        """Opens for appending after ``step``; lines beyond it (of a lost stretch) are dropped."""
        from training.event_file import EventFile

        path = workdir / "metrics.jsonl"
        kept = [line for line in read_metrics(workdir) if line["step"] <= step]
        replace(path, "".join(json.dumps(line) + "\n" for line in kept))
        self._file = path.open("a")
        self._events = EventFile(workdir / "tensorboard", after=step)

    def write(self, step: int, values: dict[str, Any]) -> None:
        """Appends one line; a value is a number or a dict of numbers."""
        self._file.write(json.dumps({"step": step} | values) + "\n")
        self._file.flush()
        self._events.add(step, flat(values, separator="/"))

    def close(self) -> None:
        with contextlib.closing(self._events), self._file:
            pass


def read_metrics(workdir: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl; a last line that a crash cut short is passed over."""
    try:
        lines = (workdir / "metrics.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return []
    records = []
    for line in lines:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


def evaluations(workdir: Path, metric: str) -> dict[int, float]:
    """Step -> value of an evaluation metric, of every evaluation in metrics.jsonl."""
    name = f"eval/{metric}"
    return {line["step"]: line[name] for line in read_metrics(workdir) if name in line}


def _differences(workdir: Path, config: ConfigDict) -> dict[str, str]:
    """Field -> what it is in the workdir's run and what here; empty where there is no run."""
    written = read_config(workdir)
    if written is None:
        return {}
    old, new = flat(written), flat(_plain(config))
    return {
        name: f"config.{name} is {_show(old, name)} there and {_show(new, name)} here"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def _plain(config: ConfigDict) -> dict[str, Any]:
    """As JSON gives it back: tuples are lists."""
    return json.loads(config.to_json())


def flat(tree: dict[str, Any], prefix: str = "", separator: str = ".") -> dict[str, Any]:
    """Nested dicts as one, with names such as ``a.b``."""
    values: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            values |= flat(value, f"{prefix}{name}{separator}", separator)
        else:
            values[f"{prefix}{name}"] = value
    return values


def _show(values: dict[str, Any], name: str) -> str:
    return json.dumps(values[name]) if name in values else "absent"


def _is_within(name: str, fields: tuple[str, ...]) -> bool:
    return any(name == field or name.startswith(f"{field}.") for field in fields)


def _commit() -> str | None:
    """The checkout's commit, '+' added where files differ from it; None outside of git."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def replace(path: Path, text: str) -> None:
    """Writes a whole file or nothing of it."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    temporary.replace(path)
