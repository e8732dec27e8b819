"""``config.json``: what a run was asked to do, and each of its starts."""

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal, TypedDict

from runfiles.atomic import replace
from runfiles.names import CONFIG


class Curve(TypedDict):
    """One panel of a run's picture.

    Drawn are ``train/<metric>`` and ``eval/<metric>``; on the scale "percent", shares times 100.
    """

    title: str
    metric: str
    scale: Literal["linear", "log", "percent"]


class Start(TypedDict, total=False):
    """One start or resume of a run: after which step, when, and with which code and packages.

    ``time`` is in ISO 8601; ``code`` has the ``commit``; ``packages`` are name -> version;
    ``hosts`` are the machines, where there are several. Runs of older code have some of these.
    """

    step: int
    time: str
    code: dict[str, str | None]
    packages: dict[str, str]
    python: str
    hosts: list[str]


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """A run as its ``config.json`` has it.

    A sweep writes ``config`` alone before the run's first start, which adds the rest.

    Attributes:
      config: every field of the run, nested dicts of what JSON knows.
      steps: of the whole run; None of a run that has not begun.
      best_metric: the evaluation metric, without "eval/", whose largest value is the best; None of
        a run that has not begun.
      curves: what the task wants drawn.
      class_names: of its data set, in the order of the network's outputs; empty where it has none.
      starts: every start and resume, in order.
    """

    config: dict[str, Any]
    steps: int | None = None
    best_metric: str | None = None
    curves: list[Curve] = dataclasses.field(default_factory=list)
    class_names: list[str] = dataclasses.field(default_factory=list)
    starts: list[Start] = dataclasses.field(default_factory=list)

    @property
    def begun(self) -> bool:
        """Whether the run was ever started."""
        return self.steps is not None


def read_record(workdir: Path) -> RunRecord | None:
    """Reads ``config.json``; None where there is none.

    Raises:
      ValueError: there is one, but it is not a run's; one line.
    """
    path = workdir / CONFIG
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}.") from error
    if not isinstance(values, dict) or not isinstance(values.get("config"), dict):
        raise ValueError(f"{path} is not of a run: it has no object named config.")
    if "starts" not in values and "code" in values:
        # Older code recorded the first start alone, beside the config.
        first = {name: values[name] for name in ("code", "packages", "python") if name in values}
        values["starts"] = [{"step": 0, **first}]
    fields = [field.name for field in dataclasses.fields(RunRecord)]
    return RunRecord(**{name: values[name] for name in fields if name in values})


def write_record(workdir: Path, record: RunRecord) -> None:
    """Writes ``config.json``, whole or not at all; of a run that has not begun, the config alone.

    Raises:
      OSError: the file cannot be written.
      TypeError, ValueError: the config has a value that JSON does not know; NaN and infinity are
        such values.
    """
    values = dataclasses.asdict(record) if record.begun else {"config": record.config}
    replace(workdir / CONFIG, json.dumps(values, indent=2, allow_nan=False) + "\n")
